// Package export writes what was measured and recorded in the formats of other tools. docs/export.md
// describes the formats. Functions of this package can be called concurrently.
package export
