// Package store is where runs live on disk: one folder a run, under a root
// folder and the name of its recipe. It may not run, check or draw anything.
//
//	store/lock/2026-01-02T15-04-05.678Z/   a run, by the UTC time of its start
//	store/latest                           link to the newest run
//
// [Create] makes the folder of a new run, [Open] finds one that a person named,
// [Find] finds all, [List] also reads what they came to. A [Run] knows the path of
// everything in its folder; what the files hold is the business of those who write
// them, but for result.json: its shape is [Result]. A run that has none was not
// finished, by a crash perhaps, and can be checked all the same.
package store
