package checker

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/groups"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

func TestDiscoveryIsSound(t *testing.T) {
	t.Parallel()
	agreement(t, groups.Discovery.Object.Name, 0, false, func(rng *rand.Rand, how checktest.Kind) *history.History {
		h, _ := checktest.GenerateDiscovery(rng, how)
		return h
	})
}

// discoveryScenarios returns scenarios written by hand: what a service has in addition to a
// group, and its words.
func discoveryScenarios() []scenario {
	service := checktest.Service
	// m1 registered, and client 1 was told of it.
	told := func() *checktest.Record {
		return service().Joins(0, 1, 2, "m1", saw(1, 2)).Told(1, 3, 4, "m1")
	}
	// again makes the next process of client 0 also register as m1.
	again := func(r *checktest.Record) *checktest.Record {
		return r.Exited(7, 0, history.ByCrash).Started(8, 0).Connected(8, 0, 7).Op(m1Again(objects.FRegister, 9, 10, history.OK, saw(2, 4)))
	}
	return []scenario{
		{"an instance that never registered", "real", Violation, "is an instance of k, but no client registered under that name", service().Lists(1, 3, 4, saw(1, 1), "m1")},
		{"a pick of what never registered", "real", Violation, "client registered under", service().Picks(1, 3, 4, "m1")},
		{"a pick before it registered", "real", Violation, "asked to register under that name only at 0.005 s", service().Picks(1, 3, 4, "m1").Joins(0, 5, 6, "m1", saw(1, 2))},
		{"an instance that its session has seen register", "fresh", Violation, "it had registered by 0x100000002", service().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(2, 2)).Proof(0, 1, 9)},
		{"an instance that its session has seen unregister", "fresh", Violation, "though it had unregistered by 0x100000003", service().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 3, 4, "m1", saw(2, 3)).Lists(1, 5, 6, saw(3, 3), "m1")},
		{"a lookup while it registers", "real", Valid, "", service().Lists(1, 3, 6, saw(1, 1), "m1").Joins(0, 5, 9, "m1", saw(1, 2))},
		{"a server that lags behind a registration", "fresh", Valid, "", service().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(1, 1)).Proof(0, 1, 9)},
		{"changes that go on", "monotone", Valid, "", told().Told(1, 5, 6)},
		{"changes that go back", "monotone", Violation, "and it registered only once", told().Told(1, 5, 6).Told(1, 7, 8, "m1")},

		{"a pick of those it was told of", "pick", Valid, "", told().Picks(1, 5, 6, "m1")},
		{"a pick of what had gone when it was told last", "pick", Violation, `client 1 got the answer at 0.008 s that "m1" is an instance of k, after that client had seen it gone, and it registered only once`, told().Told(1, 5, 6).Picks(1, 7, 8, "m1")},
		{"a pick of what had gone, when an older session of its client is closed", "pick", Violation, "and it registered only once", service().Connected(0, 0, 8).Session(0, history.FDisconnected, 0, 8).Connected(1, 0, 1).Joins(0, 1, 2, "m1", saw(1, 2)).Session(2, history.FDead, 0, 8).Told(1, 3, 4, "m1").Told(1, 5, 6).Picks(1, 7, 8, "m1")},
		{"a pick of what had gone, by another client", "pick", Valid, "", told().Told(1, 5, 6).Picks(2, 7, 8, "m1")},
		{"a pick of what had gone, in a later life", "pick", Valid, "", told().Told(1, 5, 6).Exited(7, 1, history.ByCrash).Started(8, 1).Picks(1, 9, 10, "m1")},
		{"a pick of what is registered again", "pick", Valid, "", told().Told(1, 5, 6).Connected(6, 0, 9).Picks(1, 7, 8, "m1")},
		{"a pick of what had gone, and the next process registered", "pick", Valid, "", again(told().Told(1, 5, 6)).Picks(1, 11, 12, "m1")},
		{"nobody to pick, of two processes of one name", "pick", Valid, "", again(told()).Picks(1, 11, 12, "").Proof(0, 7, 20)},
		{"a pick of a newer one", "pick", Valid, "", told().Joins(2, 5, 6, "m2", saw(1, 3)).Picks(1, 7, 8, "m2")},
		{"a pick of one that had unregistered before another one came, of which it was told", "pick", Violation, `which had unregistered before "m2" asked to register`, service().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 3, 4, "m1", saw(2, 3)).Joins(2, 5, 6, "m2", saw(2, 4)).Told(1, 7, 8, "m2").Picks(1, 9, 10, "m1")},
		{"a pick of one that had unregistered while another one came", "pick", Valid, "", service().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 3, 6, "m1", saw(2, 3)).Joins(2, 5, 6, "m2", saw(2, 4)).Told(1, 7, 8, "m2").Picks(1, 9, 10, "m1")},
		{"nobody to pick, though it lives", "pick", Violation, "lived on", told().Picks(1, 5, 6, "").Proof(0, 1, 9)},
		{"nobody to pick, when its session may be dead", "pick", Valid, "", told().Picks(1, 5, 6, "")},

		{"nobody to pick while it registers", "pick", Valid, "", service().Joins(0, 1, 10, "m1", saw(1, 5)).Told(1, 3, 4, "m1").Picks(1, 5, 6, "").Proof(0, 1, 20)},
		{"a pick of what came and went while it registers", "pick", Valid, "", service().Joins(0, 1, 10, "m1", saw(1, 5)).Told(1, 3, 4, "m1").Told(1, 5, 6).Picks(1, 7, 8, "m1")},
		{"a pick of what went behind one that came after it had registered", "pick", Violation, "and it registered only once", service().Joins(0, 1, 5, "m1", saw(1, 5)).Joins(2, 6, 7, "m2", saw(5, 9)).Told(1, 8, 9, "m1", "m2").Told(1, 10, 11, "m2").Picks(1, 12, 13, "m1")},

		{"a pick long after it unregistered", "converge", Violation, "though it had unregistered by 0.004 s", service().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 3, 4, "m1", saw(2, 3)).Picks(1, 20+bound, 21+bound, "m1")},
		{"a pick of what its client was told of last, long after that unregistered", "converge", Valid, "", told().Parts(0, 5, 6, "m1", saw(2, 3)).Picks(1, 20+bound, 21+bound, "m1")},
		{"a pick long after its client was told that it unregistered", "converge", Violation, "though it had unregistered by 0.006 s", told().Parts(0, 5, 6, "m1", saw(2, 3)).Told(1, 7, 8).Picks(1, 20+bound, 21+bound, "m1")},
		{"a pick of one of two", "converge", Valid, "", service().Joins(0, 1, 2, "m1", saw(1, 2)).Joins(2, 3, 4, "m2", saw(1, 3)).Picks(1, 20+bound, 21+bound, "m1")},
		{"nobody to pick for longer than the bound", "converge", Violation, "had registered under that", service().Joins(0, 1, 2, "m1", saw(1, 2)).Picks(1, 20+bound, 21+bound, "")},
		{"a pick long after its client crashed", "gone", Violation, "had crashed at 0.003 s", service().Joins(0, 1, 2, "m1", saw(1, 2)).Exited(3, 0, history.ByCrash).Picks(1, 20+bound, 21+bound, "m1")},
		{"a pick shortly after its client crashed", "gone", Valid, "", service().Joins(0, 1, 2, "m1", saw(1, 2)).Exited(3, 0, history.ByCrash).Picks(1, bound, bound+1, "m1")},
	}
}

// An instance stays while its own session is alive, whatever other session its client has. The
// reference model of picks agrees with the property on that.
func TestPicksOfClientsWithTwoSessions(t *testing.T) {
	h := checktest.Service().Joins(0, 1, 2, "m1", saw(1, 2)).Told(1, 3, 4, "m1").Connected(5, 0, 9).Picks(1, 5, 6, "").Proof(0, 1, 9).Build()
	for _, v := range Run(t.Context(), h, Options{}).Verdicts {
		if v.Property == "pick" && (v.Result != Violation || strings.Contains(v.Reason, "reference")) {
			t.Errorf("%s: %s", v.Result, v.Reason)
		}
	}
}

func init() {
	scenarios = append(scenarios, discoveryScenarios()...)
	logScenarios = append(logScenarios, loggedGroups(checktest.Service)...)
}

func TestPicksAgreeWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, groups.Discovery.Object.Name, 1, false, checktest.GeneratePicks)
}
