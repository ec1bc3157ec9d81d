"""Documents as people file them: one content, shown as PDF, XLSX and CSV; the same content gives the same bytes."""
