// Package samples has the measurements of runs, in a form that can be added up over runs, and the
// metrics by which such sums are judged and compared. It knows no history: package stats takes the
// samples of a run from its history. It reads and writes no files.
package samples
