// Package sheet lays out text for terminals: names in a first column, text beside them, tables, and the parts of a
// verdict. It does not know what a summary says.
package sheet
