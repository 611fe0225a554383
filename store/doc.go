// Package store keeps runs on disk: each run has a folder, named by the time of its start, in a
// folder named for its recipe. The package runs, checks and draws nothing.
//
//	store/lock/2026-01-02T15-04-05.678Z/   a run, named by the UTC time of its start
//	store/latest                           link to the newest run
//
// [Create] makes the folder of a new run. [Open] opens the run that a user named. [Find] finds all
// runs, and [List] also reads their results. A [Run] knows the paths of all files in its folder.
// Other packages define the formats of these files, except for result.json, which is a [Result]. A
// run without result.json did not finish, perhaps because of a crash, but it can still be checked.
package store
