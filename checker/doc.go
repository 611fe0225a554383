// Package checker decides from a history whether a recipe kept its promise. It
// may not touch an ensemble, a client or the disk.
//
// A [history.History] goes in, [Verdict]s
// come out, one for each property, each valid, a violation with the events that
// show it, or unknown with the reason. What each property means, with a small
// violation of it, is in docs/recipes, docs/checking.md and docs/checking-store.md.
//
// [Run] decides everything that a history's model promises and says under which
// [Assumption]s; [For] gives the single checks. The way of a verdict:
//
//   - [history.History] is read once into what every check needs: operations by
//     key, what is known of each session's death, connections, faults, phases
//     (internal/evidence);
//   - each property decides each key by itself, since a history is right if it is
//     right for every object; properties are declared object by object
//     (internal/locks, queues, barriers, registers and sessions; models.go);
//   - porcupine, the referee, decides the same key again where that is cheap
//     (referee.go): if the two differ, zklab is wrong, and the verdict says so;
//   - the keys are summed up (summary.go), and a valid that rests on an
//     assumption that does not hold becomes unknown (assumptions.go).
//
// Two kinds of rules run through all checks. An outcome that nobody knows may
// have happened at any later time, or never: a verdict is a violation only if no
// choice of these explains the record. And equal times count as concurrent.
package checker
