// Package figure draws plots: panels above each other, with a title, a legend, shaded windows and marked instants. It
// draws numbers and names, and knows no run. The same figure gives the same bytes everywhere.
package figure
