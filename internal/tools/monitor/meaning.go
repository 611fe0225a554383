package monitor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/recipes"
)

// Meaning explains a folder that a recipe uses, by the names of its znodes and, where needed, their
// data.
type Meaning struct {
	Recipe  string // "lock", "queue" and so on, as in zklab list; or "service"
	Summary string // "held by 0x10000… since 15:04:05, 3 wait"
	Members []Member
}

// Member is a znode of a recipe in the folder.
type Member struct {
	Name  string
	Note  string // "holds", "waits, 2nd"
	Owner int64
	Since time.Time // when the znode was created, by the leader's clock; zero if unknown
	Holds bool
}

const (
	// mostMeant is the largest number of kids of a folder that is explained: each drawing goes over
	// all of them.
	mostMeant = 5000
	// mostListed is the largest number of kids of a folder that is listed only for its meaning.
	mostListed = 1000
)

// member is a znode of a folder that a recipe uses.
type member struct {
	*node
	recipes.Name
	holds bool
	place int // among the waiting znodes, from 1; 0: it does not wait
	// owned is the session that holds a job, 0 if unknown. has is the number of jobs that a worker
	// holds, Unknown if unknown.
	owned int64
	has   int
}

// members returns the znodes of a recipe in a folder, in the order of their turns. It returns nil if
// no recipe uses the folder.
func (t *tree) members(folder *node) []member {
	list := t.parsed(folder)
	t.turns(folder, list)
	t.holdings(folder, list)
	return list
}

// parsed returns the members of a folder, from their names only.
func (t *tree) parsed(folder *node) (list []member) {
	if !folder.listed || len(folder.kids) > mostMeant {
		return nil
	}
	for name, kid := range folder.kids {
		if z, ok := recipes.ParseName(name); ok {
			list = append(list, member{node: kid, Name: z, has: Unknown})
		}
	}
	slices.SortFunc(list, func(a, b member) int { return recipes.CompareNames(a.Name, b.Name) })
	return list
}

// turns sets which members hold and which wait.
func (t *tree) turns(folder *node, list []member) {
	leases, known := t.leases(folder)
	writers, waiting := 0, 0
	for i := range list {
		m := &list[i]
		switch m.Turn {
		case recipes.First:
			m.holds = i == 0
		case recipes.Some:
			m.holds = i < leases
		case recipes.Shared:
			m.holds = i == 0 || !m.Writer && writers == 0
		default:
			continue
		}
		if m.Writer {
			writers++
		}
		if !m.holds && (m.Turn != recipes.Some || known) {
			waiting++
			m.place = waiting
		}
	}
}

// leases returns the number of leases of a semaphore, which is known if it is the chosen znode.
func (t *tree) leases(folder *node) (n int, known bool) {
	if t.choice.path == "" || t.choice.path != folder.path() {
		return 0, false
	}
	n, err := strconv.Atoi(string(t.choice.shown.Data))
	return n, err == nil
}

// note returns the meaning of a znode to the recipe that uses its folder.
func (m member) note() string {
	switch {
	case m.holds:
		return m.Holds
	case m.place > 0:
		return "waits, " + ordinal(m.place)
	case m.Tries > 0:
		return m.job()
	case m.has > 0:
		return fmt.Sprintf("%s, has %d", m.What, m.has)
	case m.has == 0:
		return m.What + ", waits"
	case m.Ranking == recipes.ByDueTime:
		return "due " + time.UnixMilli(m.Rank()).Format(time.TimeOnly)
	case m.Ranking == recipes.ByPriority:
		return fmt.Sprintf("priority %d", m.Rank())
	}
	return m.What
}

// job names the session that has taken a job, and the number of the attempt.
func (m member) job() string {
	switch {
	case m.Holder == "" && m.Attempt == 0:
		return "waits"
	case m.Holder == "":
		return fmt.Sprintf("waits, %d of %d attempts failed", m.Attempt, m.Tries)
	case m.owned != 0:
		return fmt.Sprintf("taken by session %s, attempt %d of %d", hex(m.owned), m.Attempt, m.Tries)
	}
	return fmt.Sprintf("taken, attempt %d of %d", m.Attempt, m.Tries)
}

func ordinal(n int) string {
	ending := "th"
	if n%100 < 11 || n%100 > 13 {
		ending = map[int]string{1: "st", 2: "nd", 3: "rd"}[n%10]
		ending = cmp.Or(ending, "th")
	}
	return strconv.Itoa(n) + ending
}

// notes returns the notes of the znodes in a folder.
func (t *tree) notes(folder *node) map[*node]string {
	notes := make(map[*node]string)
	if l, ok := t.layout(folder); ok {
		_, notes = t.laidOut(folder, l)
	}
	for _, m := range t.members(folder) {
		notes[m.node] = m.note()
	}
	instanceNotes(folder, notes)
	return notes
}

// meaning returns the meaning of the chosen folder, nil if it has none. It lists the folder for that,
// if it is not large.
func (t *tree) meaning() *Meaning {
	folder, _ := t.find(t.choice.path)
	if folder == nil {
		return nil
	}
	if s := folder.stat; !folder.listed && folder.listErr == nil && s != nil && s.NumChildren > 0 && s.NumChildren <= mostListed {
		t.load(folder)
	}
	l, p, isPart := t.part(folder)
	list := t.members(folder)
	if !isPart {
		if m := t.service(folder); m != nil {
			return m
		}
	}
	if len(list) == 0 {
		return t.meaningOfLayout(folder, l, p, isPart)
	}
	has := func(child string) bool { return folder.kids[child] != nil }
	m := &Meaning{Recipe: list[0].In(has), Summary: t.summary(folder, list)}
	if isPart {
		m.Recipe = l.Recipe
	}
	for _, x := range list {
		member := Member{Name: x.node.name, Note: x.note(), Owner: x.owner, Holds: x.holds}
		if x.stat != nil {
			member.Since = time.UnixMilli(x.stat.Ctime)
		}
		m.Members = append(m.Members, member)
	}
	return m
}

// meaningOfLayout returns the meaning of a folder whose children have fixed names, or of one of its
// parts. It returns nil if the folder is neither.
func (t *tree) meaningOfLayout(folder *node, l recipes.Layout, p recipes.Part, isPart bool) *Meaning {
	if own, ok := t.layout(folder); ok {
		summary, _ := t.laidOut(folder, own)
		return &Meaning{Recipe: own.Recipe, Summary: summary}
	}
	if isPart && p.What != "" {
		summary := notAllRead
		if n := t.children(folder); n != Unknown {
			summary = fmt.Sprintf("%d × %s", n, p.What)
		}
		return &Meaning{Recipe: l.Recipe, Summary: summary}
	}
	return nil
}

// summary returns the meaning of a folder in a line.
func (t *tree) summary(folder *node, list []member) string {
	var holders []member
	for _, m := range list {
		if m.holds {
			holders = append(holders, m)
		}
	}
	waiting := len(list) - len(holders)
	first := list[0]
	switch first.Turn {
	case recipes.First, recipes.Shared:
		return who(first, holders) + fmt.Sprintf(", %d wait", waiting)
	case recipes.Some:
		if leases, known := t.leases(folder); known {
			return fmt.Sprintf("%d of %d leases are held, %d wait", len(holders), leases, waiting)
		}
		return fmt.Sprintf("%d contenders", len(list))
	}
	counts := make(map[string]int)
	for _, m := range list {
		counts[m.What]++
	}
	var words []string
	for what, n := range counts {
		words = append(words, fmt.Sprintf("%d × %s", n, what))
	}
	slices.Sort(words)
	return strings.Join(append(words, holdersOf(list)...), ", ")
}

// holdersOf names the sessions that have taken jobs, and counts the jobs of each.
func holdersOf(list []member) (words []string) {
	jobs := make(map[int64]int)
	for _, m := range list {
		if m.owned != 0 {
			jobs[m.owned]++
		}
	}
	for _, session := range slices.Sorted(maps.Keys(jobs)) {
		words = append(words, fmt.Sprintf("%d by session %s", jobs[session], hex(session)))
	}
	return words
}

// who names the holder of a folder, or the number of holders.
func who(first member, holders []member) string {
	by := first.HeldBy + " "
	if len(holders) > 1 {
		return by + strconv.Itoa(len(holders))
	}
	if first.stat == nil {
		return by + first.node.name
	}
	return by + "session " + hex(first.owner) + " since " + time.UnixMilli(first.stat.Ctime).Format(time.TimeOnly)
}
