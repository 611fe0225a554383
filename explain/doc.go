// Package explain turns the events that show a violation into text and pictures for people who do
// not know the format: a few sentences in order of time, and a small timeline for a terminal or as
// SVG. It decides nothing; package checker, which imports it, does.
//
// Its input is a history and the indices of a counterexample's events ([Read]) or, for a history
// from another tool, the steps themselves. Both make a [Scene]: the operations of the
// counterexample, what happened to its clients' sessions meanwhile, and the overlapping faults.
// [Scene.Story] describes the scene; [Scene.Text] and [Scene.SVG] draw it.
//
// Keys, items and messages come from histories of unknown origin. The output contains none of their
// control characters.
package explain
