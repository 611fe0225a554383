package checker

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// partitionerScenarios returns scenarios written by hand.
func partitionerScenarios() []scenario {
	share := func(client, inv, ret, release int, token history.ID) checktest.Grant {
		return checktest.Grant{Client: client, Inv: inv, Ret: ret, Release: release, Token: token}
	}
	const long = bound + 1000
	connected := func() *checktest.Record {
		r := checktest.Partitioner()
		for c := range 4 {
			r.Session(0, history.FConnected, c, history.ID(c+1))
		}
		return r
	}
	run := func() *checktest.Record { return connected().Phases(0, 100, 200) }
	end := func(r *checktest.Record, left ...objects.Contender) *checktest.Record {
		return r.KeyFact(bound+9500, history.FFinal, "k", objects.Final{Contenders: left})
	}
	// two adds two clients that hold shares for long, and wait to be told of other
	// shares.
	two := func(from int, first, second []string) *checktest.Record {
		r := run().Share(share(0, from, from+10, from+long, 1), first...).Hears(0, from+15, from+long-5, false)
		return r.Share(share(1, from+1, from+12, from+long, 2), second...).Hears(1, from+17, from+long-5, false)
	}
	// member makes client 2 become a member, and give its share back.
	member := func(r *checktest.Record) *checktest.Record { return r.Share(share(2, 210, 220, 240, 9), "d") }
	half, other := []string{"a", "c"}, []string{"b", "d"}
	return []scenario{
		{"two have one item", "exclusion", Violation, "client 1 was granted b of k at 0.030 s with token 0x2 while client 0 held it from 0.020 s until at least 0.050 s", checktest.Partitioner().
			Share(share(0, 10, 20, 50, 1), "a", "b").Share(share(1, 12, 30, 70, 2), "b", "c")},
		{"two have different items", "exclusion", Valid, "", checktest.Partitioner().
			Share(share(0, 10, 20, 50, 1), "a", "b").Share(share(1, 12, 30, 70, 2), "c", "d")},
		{"a token that falls", "tokens", Violation, "client 0 was granted b of k by 0.020 s with token 0x5, yet the grant of client 1 with the lower token 0x2 was in force at 0.070 s", checktest.Partitioner().
			Share(share(0, 10, 20, 50, 5), "a", "b").Share(share(1, 12, 60, 70, 2), "b", "c")},
		{"a token that falls elsewhere", "tokens", Valid, "", checktest.Partitioner().
			Share(share(0, 10, 20, 50, 5), "a", "b").Share(share(1, 12, 60, 70, 2), "c", "d")},
		{"a present holder refused", "fencing", Violation, "client 1 held b of k", checktest.Partitioner().Share(share(0, 10, 20, 50, 1), "a", "b").
			WriteTo("b", 0, 25, 9, true, 1).Share(share(1, 12, 60, 90, 2), "b").WriteTo("b", 1, 65, 2, false, 2)},
		{"never says that the share is lost", "lost", Violation, "was not reported lost", checktest.Partitioner().
			Share(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}, "a", "b").Session(100, expired, 0, 1).Fact(5000, history.FEnd, nil)},

		{"all is shared", "coverage", Valid, "", two(300, half, other)},
		{"an item is left over", "coverage", Violation, "no client held d of k from 0.317 s to", two(300, half, []string{"b"})},
		{"an item is left over while one comes", "coverage", Valid, "", two(300, half, []string{"b"}).Asks(2, 2000, 6000)},
		{"an item is left over while a member is away", "coverage", Valid, "", run().Share(share(2, 210, 220, 240, 1), "d").
			Share(share(0, 300, 310, 300+long, 2), half...).Hears(0, 315, 300+long-5, false)},
		{"an item is left over when one has left", "coverage", Violation, "no client held b of k from 0.260 s to", run().Share(share(2, 210, 220, 240, 1), "b", "d").Quits(2, 250, 260).
			Share(share(0, 210, 222, 300+long, 2), half...).Hears(0, 225, 300+long-5, false)},
		{"an item is left over by one that does not listen", "coverage", Valid, "", run().Share(share(0, 300, 310, 300+long, 1), half...)},
		{"an item is left over before the heal", "coverage", Valid, "", checktest.Paused(connected().Phases(0, 2*long, 2*long+1), 10, 2*long).
			Share(share(0, 300, 310, 300+long, 1), half...).Hears(0, 315, 300+long-5, false)},

		{"even shares", "balance", Valid, "", two(300, []string{"a", "b", "c"}, []string{"d"}).Asks(2, 4000, 8000).Asks(2, 8050, 9000)},
		{"uneven shares", "balance", Violation, "client 0 held 3 items of k and client 1 held 1, while the members stayed the same from 0.317 s to", two(300, []string{"a", "b", "c"}, []string{"d"})},
		{"one item more", "balance", Valid, "", two(300, []string{"a", "b"}, []string{"d"})},
		{"uneven shares while one leaves", "balance", Valid, "", member(two(300, []string{"a", "b", "c"}, []string{"d"})).Quits(2, 700, 8000)},
		{"uneven shares while one that may have left comes back", "balance", Valid, "", member(two(300, []string{"a", "b", "c"}, []string{"d"})).
			Op(checktest.Args{Client: 2, F: objects.FLeave, Key: "k", Inv: 700, Ret: 710, Outcome: history.Info, Session: 3}).Asks(2, 4000, 8290)},
		{"uneven shares while one that asks loses its session", "balance", Valid, "", two(300, []string{"a", "b", "c"}, []string{"d"}).Session(4000, history.FExpired, 2, 3).Asks(2, 700, 8290)},
		{"uneven shares of one that does not listen", "balance", Valid, "", run().
			Share(share(0, 300, 310, 300+long, 1), "a", "b", "c").Share(share(1, 300, 310, 300+long, 2), "d").Hears(1, 315, 300+long-5, false)},

		{"one waits in vain", "progress", Violation, "client 1 waited for its share of k, while the members stayed the same from 0.320 s", end(run().
			Share(share(0, 300, 310, 400+long, 1), half...).Hears(0, 315, 400+long-5, false).Asks(1, 320, 390+long))},
		{"one waits for one that does not listen", "progress", Valid, "", end(run().
			Share(share(0, 300, 310, 400+long, 1), half...).Asks(1, 320, 390+long))},
		{"one waits while members come and go", "progress", Valid, "", end(run().
			Share(share(0, 300, 310, 400+long, 1), half...).Hears(0, 315, 400+long-5, false).Asks(1, 320, 390+long).Asks(2, 5000, 5100))},
		{"a member left behind", "progress", Violation, "members/c3-member-0000000001 still stood in line for k", end(run().Asks(3, 210, 220), objects.Contender{Name: "members/c3-member-0000000001", Owner: 4})},
	}
}

func init() { scenarios = append(scenarios, partitionerScenarios()...) }

func TestSharesAgreeWithReferee(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Partitioner.Name, 0, true, checktest.GenerateShares)
}

func TestTokensOfSharesAgreeWithReferee(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Partitioner.Name, 1, true, checktest.GenerateShares)
}
