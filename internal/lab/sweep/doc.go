// Package sweep runs an experiment with many seeds and keeps a record: one line for each run, and a
// folder for each run that fails. It must not know how a run is made (the caller passes a [Runner]
// for that), and checks no run: verdicts come from package checker.
//
// A sweep has a folder with one file, runs.jsonl, that only grows ([Journal]): first a
// [Description] of the sweep, then a [Line] for each run. If a sweep is killed, the same command
// continues it. [Run] gives seeds to runners and their lines to the journal; runners may be this
// process or others like it ([Worker]).
//
// A [Tally] adds lines up, in any order and from any number of folders and archives
// ([Merge]), in memory that does not grow with the runs, and gives a [Summary]: what was
// found, grouped by cause, what was decided, which faults took effect, and which requests of
// which operations met them. Package reports shows it.
package sweep
