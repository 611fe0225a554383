package reports

import "github.com/zklab/zklab/reports/internal/pages"

// StyleSheet returns the style sheet of all pages. Pages that are served share it with pages that are stored.
func StyleSheet() string { return pages.StyleSheet }
