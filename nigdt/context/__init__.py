"""Between the user's photo and the model's picture: what is cut out, and how the answer gets back."""
