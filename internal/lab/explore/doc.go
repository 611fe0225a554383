// Package explore tries faults at every message of a small scenario: first each single
// one, then pairs, the most different first, for as long as there is time.
//
// [Explore] chooses the faults and lets a [Runner] run the scenario, which reports the promises that were
// broken. The scenario is run once without a fault; the messages that pass are its points. Each
// fault that can be injected at a point is a single. A pair is two singles, or a single
// with one at a point that exists only after the first: the steps by which a recipe recovers
// from one fault are where the next one hurts.
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
// and on what the other clients have done by then ([place]). So a cut before a read, after it, and before
// its reply is one cut, as long as no other client writes meanwhile. Times do not count, as between two
// messages of real runs they do not either. Of pairs that are alike one is run.
//
// That the verdicts of the implied pairs follow is tested by running all of them (brute_test.go).
//
// [Experiment] is Explore with runners that perform an experiment.
package explore
