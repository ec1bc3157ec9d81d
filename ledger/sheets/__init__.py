"""Files of rows, in and out: xls, xlsx and csv that people fill in, and the file in which bad rows go back to them."""
