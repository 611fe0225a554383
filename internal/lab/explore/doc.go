// Package explore tries faults at every message of a small scenario: first each single fault, then
// pairs of faults, the most different first, for as long as there is time.
//
// [Explore] chooses the faults and lets a [Runner] run the scenario, which reports the promises that were
// broken. The scenario is run once without a fault; the messages that pass are its points. Each fault that
// can be injected at a point is a single. A pair is two singles, or a single with a fault at a point that
// exists only after the first: the steps by which a recipe recovers from one fault are where the next one
// hurts.
//
// # Implied pairs
//
// In a simulation the same schedule gives the same run, and therefore many pairs need no run of their own:
//
//   - Never. Until its second fault, the run of a pair is the run of the first fault alone. If the second
//     message never comes in that run, the two are the same to the end.
//   - Alike. Two first faults have the same effect (they end the connection, say) at the same place,
//     and in their runs each client is told the same, sends the same to a server and comes to the same
//     results. Or two second faults have the same effect at the same place of the run with the first.
//
// What a fault does depends on what its client has been told, on which of its requests have reached a server,
// and on what the other clients have done by then ([place]). So cuts before a read, after it, and before its
// reply count as the same cut, as long as no other client writes meanwhile. Times do not count, just as the
// time between two messages of a real run does not. Of pairs that are alike, only one is run.
//
// A test runs all implied pairs, and checks that they have the verdicts that follow (brute_test.go).
//
// [Experiment] is Explore with runners that perform an experiment.
package explore
