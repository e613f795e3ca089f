"""What panels show: records in, arrays and rows out; no widgets."""
