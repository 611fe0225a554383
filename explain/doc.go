// Package explain turns the events that show a violation into something that can
// be read and seen without knowing the format: a few sentences in order of time,
// and a small timeline, for a terminal or as SVG. It may not decide: verdicts
// come from package checker.
//
// What flows in is a history and the indices of a witness's events ([Read]), or,
// of a history from elsewhere, the steps themselves. Both make a [Scene]: the
// witness's operations, what became of its clients' sessions meanwhile, and the
// faults that overlap. [Scene.Story] tells it, [Scene.Text] and [Scene.SVG] draw
// it. Nothing here decides anything: that is package checker's business, which
// stands above.
//
// Keys, items and messages come from histories that anybody may have written.
// No control character of theirs gets out of here (clean.go).
package explain
