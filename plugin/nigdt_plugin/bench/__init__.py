"""`nigdt bench panel`: whether the window answers at every moment."""
