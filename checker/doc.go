// Package checker decides from a history whether a recipe kept its promise. It must not touch an
// ensemble, a client or the disk.
//
// Its input is a [history.History]. Its output is [Verdict]s, at least one for each property. Each
// is valid, a violation with the events that show it, or unknown with the reason. What each
// property means, with a small violation of it, is in docs/recipes, docs/checking-common.md,
// docs/checking-register.md and docs/checking-session.md.
//
// [Run] decides everything that a history's model promises, and says under which [Assumption]s;
// [For] returns the single checks. The way to a verdict:
//
//   - Package internal/evidence reads the [history.History] once into what every check
//     needs: operations by key, what is known of each session's death, connections,
//     faults and phases.
//   - Each property decides each key by itself, since a history is right if it is right
//     for every object. Properties are declared object by object (internal/locks, queues,
//     barriers, registers and sessions; models.go).
//   - A reference model (a frame.Reference), which porcupine searches, decides the same key again
//     if that is cheap (reference.go). If the two differ, zklab is wrong, and the verdict
//     says so.
//   - summary.go sums up the keys, and assumptions.go turns a valid verdict into unknown
//     if it rests on an assumption that does not hold.
//
// Two rules hold in all checks. An operation of unknown outcome may have taken effect at any later
// time, or never: a verdict is a violation only if no choice of these explains the record. And
// equal times count as concurrent.
package checker
