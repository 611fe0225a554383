package reports

// StyleSheet returns the style sheet of all pages. Pages that are served share it with pages that are stored.
func StyleSheet() string { return styleSheet }
