package checker

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// turns returns a record of twelve holds of two clients in turn, which offer nothing: only
// the log shows that each had a contender in the tree.
func turns() *checktest.Record {
	r := checktest.Lock().Opens(1).Opens(2).Saw(1, 0, 1, 1).Saw(1, 1, 2, 1)
	for i := range 12 {
		c := i % 2
		s := history.ID(c + 1)
		r.Stands(s, i).Saw(11+20*i, c, r.Zxid-checktest.Epoch, 11+20*i)
		r.Hold(checktest.Grant{Client: c, Inv: 10 + 20*i, Ret: 12 + 20*i, Release: 18 + 20*i})
		r.Leaves(s, s, i).Saw(20+20*i, c, r.Zxid-checktest.Epoch, 19+20*i)
	}
	return r
}

// granted adds one more hold of client 1, about which the log itself has nothing.
func granted(r *checktest.Record, session history.ID) *checktest.Record {
	return r.Saw(320, 0, r.Zxid-checktest.Epoch, 319).
		Hold(checktest.Grant{Client: 1, Inv: 300, Ret: 330, Release: 340, Was: 2, Session: session})
}

// behind puts client 1 behind client 0, which goes before client 1's session does, or stays.
func behind(goes bool) *checktest.Record {
	r := turns().Stands(1, 12).Stands(2, 13).Saw(305, 1, 28, 304)
	if goes {
		r.Leaves(1, 1, 12)
	}
	return r.Closes(2).Session(310, history.FExpired, 1, 2).Session(311, history.FConnected, 1, 3)
}

// rooted puts the log below a root of the run, which the log creates first.
func rooted(r *checktest.Record) *checktest.Record {
	r.Header.Params.Root = "/run"
	for i := range r.Txns {
		if t := &r.Txns[i]; t.Path != "" {
			t.Path = r.Header.Params.Root + t.Path
		}
	}
	r.Txns = append([]history.Txn{{Zxid: checktest.Epoch, Type: "create", Path: r.Header.Params.Root}}, r.Txns...)
	return r
}

// A grant is based on something in the tree, whatever names the recipe's znodes have, and
// however little it offers.
var markScenarios = []scenario{
	{"each had its contender", "grant", Valid, "", turns()},
	{"one more, too", "grant", Valid, "", granted(turns().Stands(2, 12), 2)},
	{"one had none", "grant", Violation, "no znode of client 1 existed: its c2-lock-0000000011 of session 0x2 was deleted by 0.240 s, by itself", granted(turns(), 2)},
	{"one had none, where the log has a hole", "grant", Valid, "", granted(turns().Skip().Touches(1), 2)},
	{"one's session ended while it waited", "grant", Violation, "its c2-lock-0000000013 of session 0x2 was deleted with that session by", granted(behind(false), 3)},
	{"one's session ended when it was its turn", "grant", Valid, "", granted(behind(true), 3)},
	{"somebody else took it away", "grant", Valid, "", granted(turns().Stands(2, 12).Leaves(1, 2, 12).Saw(250, 1, 28, 249), 2)},
	{"what it wrote counts", "grant", Valid, "", granted(turns().Txn(history.Txn{Type: "setData", Session: 2, Path: "/k"}), 2)},
	{"what somebody wrote over it does not", "grant", Valid, "", granted(turns().Txn(history.Txn{Type: "setData", Session: 2, Path: "/k"}).Txn(history.Txn{Type: "setData", Session: 1, Path: "/k"}).Saw(250, 1, 28, 249), 2)},
}

func TestGrantsRestOnMarks(t *testing.T) {
	for i := range markScenarios {
		rooted(markScenarios[i].record)
	}
	decideAll(t, markScenarios)
}

// A hold belongs to the session of its contender, whichever session its client seems to
// have: a subject may have a connection of its own.
func TestHoldsAreOfTheirMarksSessions(t *testing.T) {
	own := func(mark history.ID) *checktest.Record {
		r := turns().Opens(7).Session(250, history.FConnected, 0, 7) // of client 0
		r.Stands(mark, 12).Saw(305, 0, 28, 304)
		r.Hold(checktest.Grant{Client: 0, Inv: 300, Ret: 310, Release: 390, Session: 1})
		r.Closes(7).Session(321, history.FDead, 0, 7).Stands(2, 13).Saw(325, 1, 30, 324)
		return r.Hold(checktest.Grant{Client: 1, Inv: 320, Ret: 330, Release: 340})
	}
	decideAll(t, []scenario{
		{"of its own, which ended", "exclusion", Valid, "", rooted(own(7))},
		{"of the client's, which lives", "exclusion", Violation, "while client 0 held it", rooted(own(1))},
	})
}

// A process that has ended holds nothing: its client is not excluded by itself when another
// process takes over the znode.
func TestLivesDoNotExcludeThemselves(t *testing.T) {
	lives := func(exits bool) *checktest.Record {
		r := checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Alive: 90})
		if exits {
			r.Add(30, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FExited, Session: 1, Value: history.Value(history.Exited{By: history.ByCrash})})
		}
		return r.Hold(checktest.Grant{Client: 0, Inv: 40, Ret: 50, Release: 80, Session: 1})
	}
	decideAll(t, []scenario{
		{"it ended, and another took over", "exclusion", Valid, "", lives(true)},
		{"one process has it twice", "exclusion", Violation, "client 0 was granted k at 0.050 s while client 0 held it", lives(false)},
	})
}

// leftInLine makes client 1 wait for a time behind a contender of client 0, which gave up long
// before.
func leftInLine(until int, connected bool) *checktest.Record {
	r := turns().Stands(1, 12).Stands(2, 13).Call(0, objects.FAcquire, 298, 302, history.Info).Saw(305, 1, 28, 304)
	if !connected {
		r.Session(310, history.FDisconnected, 0, 1)
	}
	r.Touches(2).Saw(until-10, 1, 29, until-20).Leaves(1, 1, 12).Saw(until, 1, 30, until-5)
	r.Phases(0, 100, 200).KeyFact(9000, history.FFinal, "k", objects.Final{})
	return r.Hold(checktest.Grant{Client: 1, Inv: 303, Ret: until + 10, Release: until + 20})
}

func TestLeftInLine(t *testing.T) {
	decideAll(t, []scenario{
		{"for long", "progress", Violation, "behind c1-lock-0000000012 of client 0, whose session was connected, and which neither asked for k nor held it from 0.305 s to 3.280 s", rooted(leftInLine(3300, true))},
		{"for a moment", "progress", Valid, "", rooted(leftInLine(1800, true))},
		{"by one who is not connected", "progress", Valid, "", rooted(leftInLine(3300, false))},
	})
}

// A release that succeeds, although its client had been told that the session of the hold was
// over, is counted: the caller cannot know that others may have held.
func TestReleasesOfDeadHoldsAreTold(t *testing.T) {
	for told, want := range map[bool]float64{true: 1, false: 0} {
		r := checktest.Lock().Session(2, history.FConnected, 0, 1).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Alive: 21})
		if told {
			r.Session(30, history.FExpired, 0, 1)
		}
		for _, v := range Run(t.Context(), r.Build(), Options{}).Verdicts {
			if v.Property == "exclusion" && (v.Figures["released_dead"] != want || (len(v.Notes) > 0) != told) {
				t.Errorf("told %v: %v, %q", told, v.Figures, v.Notes)
			}
		}
	}
}

// If no token names a contender, the verdict of grant claims only that each client had some znode
// to show for its hold.
func TestGrantsMeanWhatWasDecided(t *testing.T) {
	named := turns().Stands(2, 12)
	named.Saw(301, 1, named.Zxid-checktest.Epoch, 300)
	named.Hold(checktest.Grant{Client: 1, Inv: 299, Ret: 302, Release: 318, Token: named.Zxid})
	named.Touches(2)
	named.Saw(306, 1, named.Zxid-checktest.Epoch, 305)
	for _, c := range []struct {
		record *checktest.Record
		says   string
	}{
		{turns(), "whose turn it was is not known"},
		{named, "it was the client's turn"},
	} {
		rooted(c.record)
		found := false
		for _, v := range Run(t.Context(), c.record.Build(), Options{Transactions: c.record.Txns}).Verdicts {
			if v.Property != "grant" {
				continue
			}
			found = true
			if v.Result == Violation || !strings.Contains(v.Means(c.record.Header.Model), c.says) {
				t.Errorf("%s: %q does not say %q; figures %v", v.Result, v.Means(c.record.Header.Model), c.says, v.Figures)
			}
		}
		if !found {
			t.Error("grant does not apply")
		}
	}
}
