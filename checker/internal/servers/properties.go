package servers

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
)

// The names of the properties.
const (
	Connects  = "connects"
	KeptAlive = "kept-alive"
	Answers   = "answers"
)

// Properties lists what servers owe to any client. Each is decided for the whole record, and left out
// if the record does not contain what it needs.
var Properties = []*frame.Property{
	{
		Name: Connects, NoModel: frame.Given, Decider: "connects compared", Evidence: from("S"),
		Meaning: "every client that connected got the session it asked for, and a timeout within the servers' bounds",
		Applies: Told, Decide: nothing, Whole: connects,
	},
	{
		Name: KeptAlive, NoModel: frame.Timed, Decider: "times between requests", Evidence: from("RS"),
		Meaning: "no session was declared expired while its client kept it alive",
		Applies: lastsATimeout, Decide: nothing, Whole: keptAlive,
	},
	{
		Name: Answers, NoModel: frame.Given, Decider: "order of replies", Evidence: from("R"),
		Meaning: "no request stayed unanswered while later requests of its connection were answered",
		Applies: Told, Decide: nothing, Whole: answers,
	},
}

// Broken returns, in a sentence, the first promise that servers broke in a record; "" if none is
// known.
func Broken(a *evidence.Record) string { return brokenOf(a) }

var brokenOf = evidence.Once(func(a *evidence.Record) string {
	for _, p := range Properties {
		if p.Applies(a) {
			if f := p.Whole(a); f.Result == frame.Violation {
				return f.Reason
			}
		}
	}
	return ""
})

func from(letters string) func(*evidence.Record) string {
	return func(*evidence.Record) string { return letters }
}

// nothing returns an empty finding: the property is not decided for single keys.
func nothing(context.Context, *evidence.Key) frame.Finding { return frame.Finding{} }

// Told reports whether the record contains what clients asked for when they connected.
func Told(a *evidence.Record) bool {
	for _, c := range connectsOf(a) {
		if c.Wanted > 0 {
			return true
		}
	}
	return false
}

// lastsATimeout reports whether, in addition, some session had the time to end by its timeout, or
// was reported to have ended.
func lastsATimeout(a *evidence.Record) bool {
	for _, c := range connectsOf(a) {
		s := a.Session(c.Session)
		if c.Wanted > 0 && (c.Event.Time+c.Timeout <= a.End || s != nil && s.ExpiredEvent >= 0) {
			return true
		}
	}
	return false
}
