"""The paper's comparison systems, PICNet and CSA, written from their papers, trained on the same samples."""
