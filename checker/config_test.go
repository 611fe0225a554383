package checker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// configScenarios returns scenarios written by hand.
func configScenarios() []scenario {
	ok, info := history.OK, history.Info
	two := func() *checktest.Record { return checktest.Config().Sets(0, 1, 2, "a", ok).Sets(0, 3, 4, "b", ok) }
	waits := func(r *checktest.Record, client, inv, ret int) *checktest.Record {
		return r.Op(checktest.Args{Client: client, F: objects.FObserve, Key: "k", Inv: inv, Ret: ret, Outcome: history.Fail, Session: history.ID(client + 1)})
	}
	asks := func(r *checktest.Record, code string, times ...int) *checktest.Record {
		for _, at := range times {
			r.Op(checktest.Args{Client: 1, F: objects.FObserve, Key: "k", Inv: at, Ret: at + 5, Outcome: history.Fail, Err: &history.Error{Code: code, Message: "closed"}, Session: 2})
		}
		return r.Finally(20000, "b").Fact(20001, history.FEnd, nil)
	}
	return []scenario{
		{"a set of unknown outcome", "order", Valid, "", checktest.Config().Sets(0, 5, 6, "u", info).Sets(0, 7, 8, "a", ok).Observes(1, 300, 301, "a").Observes(1, 302, 303, "u")},

		{"a value that nobody set", "valid", Violation, `client 1 saw k at 0.006 s: "x", which no client ever set`, two().Observes(1, 5, 6, "x")},
		{"an empty value that nobody set", "valid", Violation, `at 0.006 s: "", which no client`, two().Op(checktest.Args{Client: 1, F: objects.FObserve, Key: "k", Inv: 5, Ret: 6, Outcome: ok, Out: objects.Setting{}, Session: 2})},
		{"a value before it was set", "valid", Violation, `"b", which client 0 began to set at 0.008 s`, checktest.Config().Observes(1, 5, 6, "b").Sets(0, 8, 9, "b", ok)},
		{"a value whose set had failed", "valid", Violation, "failed", checktest.Config().Sets(0, 1, 2, "a", history.Fail).Observes(1, 5, 6, "a")},
		{"a value whose set nobody knows of", "valid", Valid, "", checktest.Config().Sets(0, 1, 2, "a", info).Observes(1, 5, 6, "a")},
		{"one value twice", "valid", Unknown, "more than once", checktest.Config().Sets(0, 1, 2, "a", ok).Sets(0, 3, 4, "a", ok).Observes(1, 5, 6, "a")},

		{"in order", "order", Valid, "", two().Observes(1, 1, 3, "a").Observes(1, 4, 5, "b")},
		{"a view of the past", "order", Valid, "", two().Observes(1, 5, 6, "a")},
		{"values of several lines", "order", Valid, "", checktest.Config().Sets(0, 1, 2, "a\nb", ok).Sets(0, 3, 4, "\n", ok).Observes(1, 5, 6, "a\nb").Observes(1, 7, 8, "\n")},
		{"skipped and repeated", "order", Valid, "", two().Observes(1, 5, 6, "").Observes(1, 7, 8, "b").Observes(1, 9, 10, "b")},
		{"an older one after a later one", "order", Violation, `client 1 saw k at 0.008 s: "a", which had been set by 0.002 s, after "b" at 0.006 s, which client 0 began to set at 0.003 s`, two().Observes(1, 5, 6, "b").Observes(1, 7, 8, "a")},
		{"an older one to another watcher", "order", Valid, "", two().Observes(1, 5, 6, "b").Observes(2, 7, 8, "a")},
		{"a value that came back", "order", Violation, "a value that is set once does not come back", checktest.Config().Sets(0, 1, 10, "a", info).Sets(1, 1, 10, "b", ok).Observes(2, 11, 12, "a").Observes(2, 13, 14, "b").Observes(2, 15, 16, "a")},
		{"none before the first", "order", Valid, "", two().Observes(1, 5, 6, "").Observes(1, 7, 8, "a")},
		{"none though nobody deleted", "order", Violation, `no value, after "a" at 0.006 s, which client 0 began to set at 0.001 s: it had not been deleted since`, two().Observes(1, 5, 6, "a").Observes(1, 7, 8, "")},
		{"none after a delete", "order", Valid, "", two().Sets(0, 5, 6, "", ok).Observes(1, 5, 6, "b").Observes(1, 7, 8, "")},
		{"what was there before the delete", "order", Violation, "by a delete that client 0 called at 0.005 s", two().Sets(0, 5, 6, "", ok).Sets(0, 7, 8, "c", ok).Observes(1, 9, 10, "a").Observes(1, 11, 12, "").Observes(1, 13, 14, "b")},
		{"a set that took effect late", "order", Valid, "", checktest.Config().Sets(0, 1, 2, "a", info).Sets(0, 3, 4, "b", ok).Observes(1, 5, 6, "b").Observes(1, 7, 8, "a")},
		{"a set that was seen early", "order", Violation, `"a", which had been set by 0.003 s`, checktest.Config().Sets(0, 1, 2, "a", info).Observes(2, 2, 3, "a").Sets(0, 4, 5, "b", ok).Observes(1, 6, 7, "b").Observes(1, 8, 9, "a")},

		{"the last one came to all", "converge", Valid, "", two().Observes(1, 5, 6, "b").Observes(2, 5, 6, "b").Finally(20000, "b").Fact(20001, history.FEnd, nil)},
		{"the last one never came", "converge", Violation, `client 1 still waited from 0.007 s to 15.000 s`, waits(two().Observes(1, 5, 6, "a"), 1, 7, 15000).Finally(20000, "b").Fact(20001, history.FEnd, nil)},
		{"the last one came late", "converge", Violation, "client 1 still waited", two().Observes(1, 5, 15000, "b").Finally(20000, "b").Fact(20001, history.FEnd, nil)},
		{"who was told waits for nothing", "converge", Valid, "", waits(two().Observes(1, 5, 6, "b"), 1, 7, 15000).Finally(20000, "b").Fact(20001, history.FEnd, nil)},
		{"who asked was refused each time", "converge", Violation, `client 1 asked 4 times from 0.100 s to 15.005 s for the next value of k, which is "b" since 0.004 s at the latest, and was refused at once each time: closed`, asks(two().Observes(1, 5, 6, "a"), history.CodeError, 100, 5000, 10000, 15000)},
		{"who asked was refused for a while", "converge", Valid, "", asks(two().Observes(1, 5, 6, "a"), history.CodeError, 100, 200, 2000)},
		{"who asked was refused, and then told", "converge", Valid, "", asks(two().Observes(1, 5, 6, "a").Observes(1, 16000, 16001, "b"), history.CodeError, 100, 5000, 10000, 15000)},
		{"who asked had no patience", "converge", Valid, "", asks(two().Observes(1, 5, 6, "a"), history.CodeTimeout, 100, 5000, 10000, 15000)},
		{"who left", "converge", Valid, "", waits(two().Observes(1, 5, 6, "a"), 1, 7, 2000).Finally(20000, "b").Fact(20001, history.FEnd, nil)},
		{"nobody knows since when", "converge", Unknown, "it is unknown", waits(checktest.Config().Sets(0, 1, 2, "a", info), 1, 7, 15000).Finally(20000, "a").Fact(20001, history.FEnd, nil)},
	}
}

// configured returns a record in which v0, v1, … were set, as the log shows: v3 was over
// at the zxid 0x100000008.
func configured() *checktest.Record {
	r := checktest.Config().Opens(1).Opens(2).Sets(0, 5, 6, "u", history.Info).Writes(1, "u")
	for i := range 12 {
		r.Sets(0, 10+10*i, 12+10*i, fmt.Sprintf("v%d", i), history.OK).Writes(1, fmt.Sprintf("v%d", i)).Saw(13+10*i, 0, history.ID(4+i), 11+10*i)
	}
	return r
}

// newSession is like configured, but client 1 has a session that begins after all of that, at
// 0x100000010, and is connected at t.
func newSession(t int) *checktest.Record { return configured().Opens(21).Connected(t, 1, 21) }

// overMeanwhile is like configured, but v11 is over at 0.212 s, before client 1 opens a
// session.
func overMeanwhile() *checktest.Record {
	return configured().Sets(0, 210, 212, "w", history.OK).Writes(1, "w").Saw(213, 0, 16, 211).Opens(21).Connected(220, 1, 21)
}

// loggedConfigs returns scenarios in which the log shows what the clocks do not.
func loggedConfigs() []scenario {
	ok := history.OK
	return []scenario{
		{"what its session knew to be over", "first", Violation, `"v3", as its first value; but that was outdated from 0x100000008 on, and its session had seen 0x100000009`, configured().ToldKnowing(1, 300, 301, "v3", checktest.Token(9)).Shown(400)},
		{"what its session does not know to be over", "first", Valid, "", configured().ToldKnowing(1, 300, 301, "v3", checktest.Token(7)).Shown(400)},
		{"what its client had no answer about, and so need not know to be over", "first", Valid, "", configured().Missed(200, 1, 2, 0, checktest.Token(9), checktest.Token(7)).ToldKnowing(1, 300, 301, "v3", checktest.Token(9)).Shown(400)},
		{"none, as it was in the beginning", "first", Violation, "no value, as its first value; but that was outdated from 0x100000003", configured().ToldKnowing(1, 300, 301, "", checktest.Token(7)).Shown(400)},
		{"what was so when it first asked, as it was told later", "first", Valid, "", configured().GivesUpKnowing(1, 300, 301, 2, checktest.Token(7)).ToldKnowing(1, 302, 303, "v3", checktest.Token(9)).Shown(400)},
		{"what was over when it first asked, as it was told later", "first", Violation, `at 0.303 s: "v3", as its first value; but that was outdated from 0x100000008 on, and its session had seen 0x100000009 when it first asked, at 0.300 s`, configured().GivesUpKnowing(1, 300, 301, 2, checktest.Token(9)).ToldKnowing(1, 302, 303, "v3", checktest.Token(9)).Shown(400)},
		{"what another session had seen to be over when it first asked", "first", Valid, "", configured().GivesUpKnowing(1, 300, 301, 7, checktest.Token(9)).ToldKnowing(1, 302, 303, "v3", checktest.Token(9)).ToldKnowing(2, 304, 305, "v3", checktest.Token(7)).Shown(400)},
		{"what was over when its session began", "first", Violation, `"v3", as its first value; but that was outdated from 0x100000008 on, and its session had begun at 0x100000010 when it first asked`, newSession(250).ToldIn(1, 300, 301, "v3", 21).Shown(400)},
		{"what was over when its session began, but on another server", "first", Valid, "", newSession(250).Connected(260, 1, 21).ToldIn(1, 300, 301, "v3", 21).Shown(400)},
		{"what was over later than its session began", "first", Valid, "", newSession(250).Sets(0, 260, 262, "w", ok).Writes(1, "w").ToldIn(1, 300, 301, "v11", 21).Shown(400)},
		{"what was over when it asked and opened its session", "first", Violation, `"v3", as its first value; but that was outdated from 0x100000008 on, and 0x10000000f had been committed when it first asked, at 0.300 s, and opened its session`, newSession(301).ToldIn(1, 300, 302, "v3", 2).Used(21).Shown(400)},
		{"what was over when it opened its session, but not when it asked", "first", Valid, "", overMeanwhile().ToldIn(1, 200, 230, "v11", 2).Used(21).Shown(400)},
		{"what was over when its second session began", "first", Valid, "", newSession(250).Missed(200, 1, 2, 0, checktest.Token(7), checktest.Token(7)).ToldIn(1, 300, 301, "v3", 21).Used(2, 21).Shown(400)},
		{"a set of which the log knows nothing", "log", Violation, "its set of k succeeded, but the transaction log does not have it from", configured().Sets(0, 300, 302, "ghost", ok).Shown(400)},
		{"a delete of which the log knows nothing", "log", Violation, "its delete of k succeeded", configured().Sets(0, 300, 302, "", ok).Shown(400)},
		{"sets as the log has them", "log", Valid, "", configured().Shown(400)},
		{"a set of unknown outcome that the log has early", "order", Violation, `"u", after "v3" at 0.301 s: in the transaction log that state came before, and never again`, configured().Observes(1, 300, 301, "v3").Observes(1, 302, 303, "u").Shown(400)},
	}
}

func init() {
	scenarios = append(scenarios, configScenarios()...)
	logScenarios = append(logScenarios, loggedConfigs()...)
}

// If sessions were to end, a watcher must have been told something in its next session.
// Otherwise the order across expiries was not tested.
func TestConfigExercise(t *testing.T) {
	for _, tt := range []struct {
		name  string
		next  history.ID // the last session of client 1
		wants Result
	}{
		{"all in one session", 2, Unknown},
		{"told in two", 9, Valid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := checktest.Good(objects.Config.Name, 30).Fault("expire", 500, 502, 1)
			r.Header.Params.Expects = []string{"expire"}
			r.Op(checktest.Args{Client: 0, F: objects.FSet, Key: "k", Inv: 5000, Ret: 5001, Outcome: history.OK, In: objects.Setting{Value: "end"}, Session: 1})
			r.Op(checktest.Args{Client: 1, F: objects.FObserve, Key: "k", Inv: 5010, Ret: 5011, Outcome: history.OK, Out: objects.Setting{Value: "end"}, Session: tt.next})
			rep := Run(t.Context(), r.Build(), Options{NoReference: true})
			v := rep.Verdicts[slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "order" })]
			if v.Result != tt.wants || tt.wants == Unknown && !strings.Contains(v.Reason, "saw settings in two sessions") {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestConfigAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Config.Name, 0, true, func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateConfig(rng, how, true)
	})
}

// Sets of unknown outcome may have happened at any time. Only the reference model
// considers whether two watchers agree on that.
func TestConfigIsSound(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Config.Name, 0, false, func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateConfig(rng, how, false)
	})
}

// A watcher asks again as soon as it was told. If the clock is coarse, or stands still,
// that happens at one instant; the order of what it was told counts all the same.
func TestWatchersInOneInstant(t *testing.T) {
	for name, record := range map[string]*checktest.Record{
		"config": checktest.Config().Sets(0, 1, 2, "a", history.OK).Observes(1, 5, 6, "a").Observes(1, 6, 7, ""),
		"cache":  checktest.Cache().Puts(0, 1, 2, "a", "1", history.OK).Looks(1, 5, 6, false, "a", "1").Looks(1, 6, 7, false),
	} {
		t.Run(name, func(t *testing.T) {
			rep := Run(t.Context(), record.Build(), Options{})
			v := rep.Verdicts[slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "order" })]
			if v.Result != Violation {
				t.Errorf("%+v", v)
			}
		})
	}
}
