package serve

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/lab/catalog"
)

// filter chooses the entries that are listed, and their order. It is a part of the page's address.
type filter struct {
	Text, Recipe, State, Kind, Since string
	By                               string
	Up                               bool
	Page                             int
	wrong                            string
}

// listOfStore is the content of the first page.
type listOfStore struct {
	filter
	Version    string
	Entries    []entry
	All, Found int
	Running    int
	Recipes    []string
	States     []catalog.State
	Columns    []column
	Before     string // the address of the previous page
	After      string
	Wrong      string
}

// column is a head of the table by which it can be sorted.
type column struct {
	Name, Title, Address string
	Sorted               string // ascending, descending or none
}

// onPage is how many entries a page has.
const onPage = 200

// orders compare entries by a column.
var orders = map[string]func(a, b entry) int{
	"started": func(a, b entry) int { return a.Started.Compare(b.Started) },
	"recipe": func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Recipe, b.Recipe), cmp.Compare(a.Subject, b.Subject))
	},
	"state":      func(a, b entry) int { return slices.Index(states, a.State) - slices.Index(states, b.State) },
	"length":     func(a, b entry) int { return cmp.Compare(a.Length, b.Length) },
	"operations": func(a, b entry) int { return cmp.Compare(a.Operations, b.Operations) },
	"faults":     func(a, b entry) int { return cmp.Compare(a.Faults, b.Faults) },
	"seed": func(a, b entry) int {
		return cmp.Or(cmp.Compare(number(a.Seed), number(b.Seed)), cmp.Compare(a.Seed, b.Seed))
	},
	"label": func(a, b entry) int { return cmp.Compare(a.Label, b.Label) },
}

// columns lists the columns of the table, in their order.
var columns = []column{
	{Name: "started", Title: "run"},
	{Name: "recipe", Title: "recipe, subject"},
	{Name: "state", Title: "verdict"},
	{Name: "", Title: "what happened"},
	{Name: "length", Title: "time"},
	{Name: "operations", Title: "operations"},
	{Name: "faults", Title: "faults"},
	{Name: "seed", Title: "seed"},
	{Name: "label", Title: "label"},
}

// states lists the states, the ones that most need attention first.
var states = []catalog.State{catalog.Violation, catalog.Unreadable, catalog.Undecided, catalog.Unfinished, catalog.Running, catalog.NoneViolated, catalog.Valid}

// number returns a seed as a number, for sorting.
func number(seed string) int64 {
	n, _ := strconv.ParseInt(seed, 10, 64)
	return n
}

func readFilter(q url.Values) filter {
	f := filter{Text: q.Get("q"), Recipe: q.Get("recipe"), State: q.Get("state"), Kind: q.Get("kind"), Since: q.Get("since"), By: q.Get("by"), Up: q.Get("up") == "1"}
	f.Page, _ = strconv.Atoi(q.Get("page"))
	f.Page = max(f.Page, 1)
	if orders[f.By] == nil {
		f.By = "started"
	}
	if _, err := time.Parse(time.DateOnly, f.Since); f.Since != "" && err != nil {
		f.wrong, f.Since = "The date is not of the form 2026-01-31.", ""
	}
	return f
}

// address returns the address of the page with this filter.
func (f filter) address() string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("q", f.Text)
	set("recipe", f.Recipe)
	set("state", f.State)
	set("kind", f.Kind)
	set("since", f.Since)
	if f.By != "started" {
		set("by", f.By)
	}
	if f.Up {
		set("up", "1")
	}
	if f.Page > 1 {
		set("page", strconv.Itoa(f.Page))
	}
	return "/?" + q.Encode()
}

func (f filter) takes(e entry) bool {
	since, _ := time.Parse(time.DateOnly, f.Since)
	return (f.Recipe == "" || e.Recipe == f.Recipe) && (f.State == "" || string(e.State) == f.State) && (f.Kind == "" || string(e.Kind) == f.Kind) &&
		(f.Since == "" || !e.Started.Before(since)) && f.hasText(e)
}

// hasText reports whether each word of the text is somewhere in the entry.
func (f filter) hasText(e entry) bool {
	all := strings.ToLower(strings.Join(append([]string{
		e.Path, e.Recipe, e.Subject, e.Ensemble, e.Label, e.Seed, e.Faults, e.Note, string(e.State), string(e.Kind),
	}, e.Violated...), "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(f.Text)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

func (f filter) columns() (out []column) {
	for _, c := range columns {
		c.Sorted = "none"
		if c.Name == f.By {
			c.Sorted = map[bool]string{true: "ascending", false: "descending"}[f.Up]
		}
		if c.Name != "" {
			g := f
			g.By, g.Page = c.Name, 1
			g.Up = c.Name == f.By && !f.Up
			c.Address = g.address()
		}
		out = append(out, c)
	}
	return out
}

// list sends the first page.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	all, err := s.index.list(r.Context())
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, "The store cannot be read: "+oneLine(err))
		return
	}
	l := listOfStore{filter: readFilter(r.URL.Query()), Version: version(all), All: len(all), States: states}
	l.Wrong, l.Columns = l.wrong, l.columns()
	for _, e := range all {
		if !slices.Contains(l.Recipes, e.Recipe) && e.Recipe != "" {
			l.Recipes = append(l.Recipes, e.Recipe)
		}
		if e.State == catalog.Running {
			l.Running++
		}
	}
	slices.Sort(l.Recipes)
	shown := slices.DeleteFunc(all, func(e entry) bool { return !l.takes(e) })
	slices.SortStableFunc(shown, func(a, b entry) int {
		if l.Up {
			return orders[l.By](a, b)
		}
		return orders[l.By](b, a)
	})
	l.Found = len(shown)
	l.Page = min(l.Page, 1+max(0, len(shown)-1)/onPage)
	from := (l.Page - 1) * onPage
	l.Entries = shown[from:min(len(shown), from+onPage)]
	if l.Page > 1 {
		l.Before = l.at(l.Page - 1)
	}
	if from+onPage < len(shown) {
		l.After = l.at(l.Page + 1)
	}
	s.show(w, r, http.StatusOK, "list", "Runs", l)
}

// at returns the address of another page of the list.
func (f filter) at(page int) string {
	f.Page = page
	return f.address()
}
