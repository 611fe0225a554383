package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/tools/monitor"
	"github.com/zklab/zklab/internal/zk/wire"
)

// detailLines draws the selected znode: its meaning, its metadata, and its value.
func detailLines(v *monitor.View, s *state, r rect) []string {
	name := cmp.Or(clean(s.chosen, 2000), "no znode is selected")
	return window(s, detailPane, r, cutLeft(name, max(r.w*2/3, r.w-30)), detailText(v, s, r), &s.detail)
}

// roomy is the smallest height at which each field of the metadata has a line.
const roomy = 14

// detailText returns what is known about the selected znode: the meaning and metadata, and below
// them the value, which can have many lines.
func detailText(v *monitor.View, s *state, r rect) content {
	head := detailHead(v, s, r)
	n := v.Chosen
	if n == nil || n.Path != s.chosen || n.Loading || n.Gone || n.Err != nil {
		return contentOf(head)
	}
	value := s.valueOf(n, r.w-2)
	return content{len(head) + len(value), func(i int) *line {
		if i < len(head) {
			return head[i]
		}
		return newLine(r.w).add(nil, " ").add(nil, value[i-len(head)])
	}}
}

func detailHead(v *monitor.View, s *state, r rect) (lines []*line) {
	p, n := s.palette(), v.Chosen
	say := func(parts ...part) { lines = append(lines, newLine(r.w).add(nil, " ").adding(parts)) }
	switch {
	case s.chosen == "":
		return nil
	case n == nil || n.Path != s.chosen || n.Loading && n.Err == nil:
		say(part{p.muted, waiting(s)})
		return lines
	}
	if v.Meaning != nil {
		say(part{p.accent, clean(v.Meaning.Recipe, 40)}, part{nil, "  " + clean(v.Meaning.Summary, 400)})
	}
	switch {
	case n.Gone:
		say(part{p.bad, "the znode does not exist"})
		return lines
	case n.Err != nil:
		say(part{p.bad, "cannot read the znode: "}, part{nil, clean(oneLine(n.Err.Error()), 400)})
		return lines
	}
	for _, row := range statRows(v, s, r.inner().h >= roomy) {
		say(row...)
	}
	return append(lines, newLine(r.w).add(p.muted, " "+valueWords(n.Data)))
}

func waiting(s *state) string {
	if s.paused {
		return "drawing is paused: p resumes"
	}
	return "reading…"
}

// statRows returns the metadata, with a line for each field or in as few lines as possible.
func statRows(v *monitor.View, s *state, each bool) (rows [][]part) {
	p, n := s.palette(), v.Chosen
	label := func(name string) part { return part{p.muted, name} }
	text := func(t string) part { return part{nil, t} }
	row := func(parts ...part) { rows = append(rows, parts) }
	st := n.Stat
	if !each {
		head := []part{label("version "), text(fmt.Sprint(st.Version)), label("  children "), text(count(st.NumChildren))}
		if st.EphemeralOwner != 0 {
			head = append(head, label("  owner "), part{p.ephem, ownerWords(v, st.EphemeralOwner)})
		}
		row(head...)
		row(label("created "), text(s.stamp(st.Ctime, st.Czxid, false)), label("  modified "), text(s.stamp(st.Mtime, st.Mzxid, false)))
		return rows
	}
	if st.EphemeralOwner != 0 {
		row(label("owner     "), part{p.ephem, ownerWords(v, st.EphemeralOwner)})
	}
	row(label("version   "), text(fmt.Sprintf("%d", st.Version)), label(fmt.Sprintf("  (of children %d, of the ACL %d)", st.Cversion, st.Aversion)))
	row(label("children  "), text(count(st.NumChildren)), label("  pzxid "+hexa(st.Pzxid)))
	row(label("created   "), text(s.stamp(st.Ctime, st.Czxid, true)))
	row(label("modified  "), text(s.stamp(st.Mtime, st.Mzxid, true)))
	row(label("acl       "), text(aclWords(n.ACL)))
	return append(rows, nil)
}

// ownerWords describes the owner of an ephemeral znode.
func ownerWords(v *monitor.View, id int64) string {
	words := hexa(id)
	for _, info := range v.Sessions {
		if info.ID != id {
			continue
		}
		if info.Own {
			words += ", this monitor"
		}
		if info.Client != "" {
			words += ", from " + clean(info.Client, 60)
		}
	}
	return words
}

// stamp formats a time and its transaction. Znodes that the server created itself have no time.
func (s *state) stamp(ms, zxid int64, full bool) string {
	if ms == 0 {
		return hexa(zxid)
	}
	format := "15:04:05"
	if at := s.at(time.UnixMilli(ms)); full || s.now.Sub(at) > 20*time.Hour {
		format = "2006-01-02 15:04:05"
	}
	if full {
		format += ".000 MST"
	}
	return s.at(time.UnixMilli(ms)).Format(format) + "  " + hexa(zxid)
}

func aclWords(acl []wire.ACL) string {
	if acl == nil {
		return "not readable"
	}
	var words []string
	for _, a := range acl {
		words = append(words, clean(a.ID.Scheme+":"+a.ID.ID+":"+a.Perms.Letters(), 200))
	}
	return strings.Join(words, ", ")
}

func valueWords(data []byte) string {
	switch {
	case data == nil:
		return "no value"
	case len(data) == 0:
		return "empty value"
	}
	return "value of " + size(len(data))
}

// valueLines is a formatted value, kept as long as the value is the same.
type valueLines struct {
	path        string
	mzxid       int64
	bytes, wide int
	lines       []string
	at          time.Time
}

// A large value that changes all the time is formatted once a second.
const (
	large       = 100_000
	layOutLarge = time.Second
)

// valueOf formats the value of a znode in lines of at most width cells.
func (s *state) valueOf(n *monitor.Node, width int) []string {
	width = max(width, 8)
	key := valueLines{path: n.Path, mzxid: n.Stat.Mzxid, bytes: len(n.Data), wide: width, at: s.now}
	if k := s.value; k != nil && k.path == key.path && k.wide == key.wide {
		same, soon := k.mzxid == key.mzxid && k.bytes == key.bytes, s.now.Sub(k.at) < layOutLarge
		if same || soon && k.bytes >= large && key.bytes >= large {
			return k.lines
		}
	}
	key.lines = layOut(n.Data, width)
	s.value = &key
	return key.lines
}

func layOut(data []byte, width int) (lines []string) {
	text := strings.TrimSuffix(printable.Data(data, false), "\n")
	if text == "" {
		return nil
	}
	for l := range strings.SplitSeq(text, "\n") {
		l = clean(strings.ReplaceAll(l, "\t", "    "), len(l)+4*strings.Count(l, "\t"))
		lines = append(lines, wrap(l, width)...)
	}
	return slices.Clip(lines)
}
