// Package sweep runs an experiment with many seeds and keeps the books of it: one line for
// each run, a folder for each that fails. It may not know how a run is made (that is a
// [Runner], given by the caller), and judges none: verdicts come from package checker.
//
// A sweep has a folder with one file, runs.jsonl, that only grows ([Journal]): first what is
// being swept ([Description]), then a [Line] for each run. Whatever kills a sweep, the same
// command goes on from there. [Run] gives seeds to runners and their lines to the journal;
// runners may be this process or others like it ([Worker]).
//
// A [Tally] adds lines up, in any order and from any number of folders and archives
// ([Merge]), in memory that does not grow with the runs, and gives a [Summary]: what was
// found, grouped by cause, what was decided, which faults took effect, and which requests of
// which operations met them. Package reports shows it.
package sweep
