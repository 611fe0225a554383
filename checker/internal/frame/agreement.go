package frame

import (
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// ServerAgreement requires that the servers have the same tree (Programmer's Guide, Consistency
// Guarantees: a single system image). Every object has it, because it does not depend on what
// clients did. The run compared the servers; the result is in the record.
var ServerAgreement = &Property{
	Name:     "server-agreement",
	NoModel:  Given,
	Meaning:  "all servers, read one by one, had the same znodes",
	Common:   true,
	Servers:  true,
	Decider:  "comparison of trees",
	Evidence: func(*evidence.Record) string { return "T" },
	Stands:   true,
	Applies: func(a *evidence.Record) bool {
		return slices.ContainsFunc(a.Agreements, func(g evidence.Agreement) bool {
			return len(g.Servers)+len(g.Unread) > 1 && tells(g)
		})
	},
	Decide: func(context.Context, *evidence.Key) Finding { return Finding{} },
	Whole: func(a *evidence.Record) Finding {
		var f Finding
		for _, g := range a.Agreements {
			if tells(g) {
				f.agree(a, g)
			}
		}
		return f
	},
}

// tells reports whether a comparison counts: while clients were at work, only differences count.
func tells(g evidence.Agreement) bool { return !g.During || len(g.Differences)+len(g.Signs) > 0 }

// agree decides one comparison.
func (f *Finding) agree(a *evidence.Record, g evidence.Agreement) {
	f.Count("comparisons", 1)
	f.Count("compared_znodes", float64(g.Znodes))
	f.Count("compared_ephemerals", float64(g.Ephemerals))
	var wrong []string
	for _, d := range g.Differences {
		wrong = append(wrong, differ(d))
	}
	more := g.Different - len(wrong)
	if more > 0 {
		wrong = append(wrong, prose.Count(more, "more znode")+" on which they differ")
	}
	for _, s := range g.Signs {
		wrong = append(wrong, fmt.Sprintf("server %d %s", s.Server, s.Text))
	}
	switch {
	case len(wrong) > 0:
		f.Violated([]int{g.Event}, "%s%s%s", wrong[0], done(a, g), others(g.Differences, more))
		for _, text := range wrong[1:] {
			f.Note("%s", text)
		}
	case len(g.Unread) > 0:
		u := g.Unread[0]
		f.Unknown("server %d could not be read by itself: %s", u.Server, u.Text)
	case g.Unsettled:
		f.Unknown("the servers' trees changed each time that they were read")
	default:
		f.counted(g)
	}
	for _, s := range g.Digests {
		text := ""
		if s.False != "" {
			text = ": " + s.False
		}
		f.Note("server %d %s since it began%s", s.Server, s.Text, text)
	}
	if len(g.Aliases) > 0 {
		f.Note("%s of %s to another one that was compared: not every server was", addresses(len(g.Aliases)), servers(g.Aliases))
	}
	if g.Hidden > 0 {
		f.Note("of %s only what every client may read was compared", prose.Count(g.Hidden, "znode"))
	}
}

// counted decides a comparison of equal trees for which some servers counted different digests: nothing is known if these
// counts may be true, and only a part of the znodes was compared.
func (f *Finding) counted(g evidence.Agreement) {
	if g.Root == "/" || g.Everything {
		return
	}
	for _, s := range g.Digests {
		if s.False == "" {
			f.Unknown("server %d %s; the znodes of the run are the same on all servers, and others were not compared", s.Server, s.Text)
			return
		}
	}
}

// mostOthers is how many of the other differing znodes are named besides the first.
const mostOthers = 10

// others names the znodes that differ besides the first one.
func others(ds []history.TreeDifference, more int) string {
	if len(ds) < 2 {
		return ""
	}
	n := len(ds) - 1 + max(0, more)
	return fmt.Sprintf("; they also differ on %s: %s", prose.Count(n, "other znode"),
		prose.Some(n, min(len(ds)-1, mostOthers), func(i int) string { return ds[i+1].Path }))
}

// done lists the faults that, before the comparison, had hit the servers with the rarest values.
func done(a *evidence.Record, g evidence.Agreement) string {
	var odd []int
	for _, d := range g.Differences {
		for _, v := range d.Values {
			if len(v.Servers) == len(d.Values[0].Servers) {
				odd = append(odd, v.Servers...)
			}
		}
	}
	for _, s := range g.Signs {
		odd = append(odd, s.Server)
	}
	slices.Sort(odd)
	at, text := a.History.At(g.Event).Time, ""
	for _, server := range slices.Compact(odd) {
		var hits []string
		for _, fault := range a.Faults.All {
			if fault.Took && fault.From < at && slices.Contains(fault.Servers, server) {
				hits = append(hits, fmt.Sprintf("%s at %s", fault.Spec, words.At(fault.Injected)))
			}
		}
		if len(hits) == 0 {
			text += fmt.Sprintf("; no fault had hit server %d", server)
			continue
		}
		text += fmt.Sprintf("; server %d had been hit by %s", server, prose.Some(len(hits), mostOthers, func(i int) string { return hits[i] }))
	}
	return text
}

func addresses(n int) string {
	if n == 1 {
		return "the address"
	}
	return "the addresses"
}

// servers names some servers by their numbers.
func servers(ids []int) string { return prose.Noun(len(ids), "server") + " " + prose.Numbers(ids) }

// fieldWords say, field by field, what a znode has; the value replaces %s.
var fieldWords = map[string]string{
	history.FieldCzxid:    "created at zxid %s",
	history.FieldOwner:    "owned by session %s",
	history.FieldVersion:  "at version %s",
	history.FieldAversion: "at ACL version %s",
	history.FieldACL:      "with the permissions %s",
	history.FieldData:     "with the data %s",
	history.FieldMzxid:    "changed at zxid %s",
}

// differ describes which servers have which value.
func differ(d history.TreeDifference) string {
	if d.Field == history.FieldPresent {
		return absent(d)
	}
	words, known := fieldWords[d.Field]
	if !known {
		words = "with " + d.Field + " %s"
	}
	text := ""
	for i, v := range d.Values {
		verb := " "
		if i == 0 {
			verb = " have "
			if len(v.Servers) == 1 {
				verb = " has "
			}
			verb += d.Path + " "
		} else {
			text += ", "
		}
		value := v.Value
		if d.Field == history.FieldOwner && value == "0x0" {
			text += servers(v.Servers) + verb + "owned by no session"
			continue
		}
		text += servers(v.Servers) + verb + fmt.Sprintf(words, value)
	}
	return text
}

// absent names the servers that lack a znode that others have.
func absent(d history.TreeDifference) string {
	var with, without []int
	for _, v := range d.Values {
		if v.Value == "no" {
			without = append(without, v.Servers...)
		} else {
			with = append(with, v.Servers...)
		}
	}
	lack, have := "lacks", "have"
	if len(without) > 1 {
		lack = "lack"
	}
	if len(with) == 1 {
		have = "has"
	}
	return fmt.Sprintf("%s %s %s, which %s %s", servers(without), lack, d.Path, servers(with), have)
}
