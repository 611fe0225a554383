package monitor

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/recipes"
)

// This file explains services, whichever program registers their instances: recipes.Service, Apache
// Curator or serversets. The details of an instance are in its data, which are read in the chosen
// folder.

// foreignInstance matches the names of instances in other formats: UUIDs of Curator, and sequence
// numbers of serversets.
var foreignInstance = regexp.MustCompile(`^(member_\d{10}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// mostInstance is the largest size of an instance's data, in bytes: they are parsed again for each
// drawing.
const mostInstance = 10_000

// maybeInstance reports, by its name, whether a znode can be an instance.
func maybeInstance(name string) bool {
	z, own := recipes.ParseName(name)
	return own && z.Instance || foreignInstance.MatchString(name)
}

// service returns the meaning of a folder with instances. It returns nil if it has read none.
func (t *tree) service(folder *node) *Meaning {
	if !folder.listed || len(folder.kids) > mostListed {
		return nil
	}
	var all []recipes.Registered
	off, unread, strange := 0, 0, 0
	for name, kid := range folder.kids {
		if !maybeInstance(name) {
			continue
		}
		if kid.stat != nil && kid.stat.DataLength > mostInstance {
			strange++
			continue
		}
		data, known := t.value(kid)
		in, err := recipes.ParseInstance(name, []byte(data))
		switch {
		case !known:
			unread++
		case err != nil:
			strange++
		default:
			if all = append(all, in); in.Off != "" {
				off++
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b recipes.Registered) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Znode, b.Znode))
	})
	m := &Meaning{Recipe: "service", Summary: serviceSummary(len(all)-off, off, strange)}
	if unread > 0 {
		m.Summary = notAllRead
	}
	for _, in := range all {
		kid := folder.kids[in.Znode]
		member := Member{Name: in.Znode, Note: instanceNote(in), Owner: kid.owner}
		if kid.stat != nil {
			member.Since = time.UnixMilli(kid.stat.Ctime)
		}
		m.Members = append(m.Members, member)
	}
	return m
}

func serviceSummary(on, off, strange int) string {
	text := fmt.Sprintf("%d × instance", on)
	if off > 0 {
		text += fmt.Sprintf(", %d off", off)
	}
	if strange > 0 {
		text += fmt.Sprintf(", %d cannot be read", strange)
	}
	return text
}

// instanceNote returns the address of an instance, and what is unusual about it.
func instanceNote(in recipes.Registered) string {
	words := []string{cmp.Or(in.Address, "no address")}
	if in.Format != recipes.FormatZklab {
		words = append(words, string(in.Format))
	}
	if in.Off != "" {
		words = append(words, "off: "+in.Off)
	}
	return strings.Join(words, ", ")
}

// instanceNotes adds the notes of the instances in a folder whose present data were read.
func instanceNotes(folder *node, notes map[*node]string) {
	for name, kid := range folder.kids {
		if kid.stat == nil || kid.valueOf == 0 || kid.valueOf != kid.stat.Mzxid || kid.stat.DataLength > mostInstance || !maybeInstance(name) {
			continue
		}
		if in, err := recipes.ParseInstance(name, []byte(kid.value)); err == nil {
			notes[kid] = instanceNote(in)
		}
	}
}
