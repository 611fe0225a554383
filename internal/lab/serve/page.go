package serve

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/reports"
)

//go:embed templates assets
var embedded embed.FS

// templates returns the templates by the name of the file that has the content of the page. The first call
// parses them.
var templates = sync.OnceValue(func() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range []string{"list", "run", "findings", "delete", "message"} {
		t := template.New("layout.html").Funcs(template.FuncMap{
			"link": link, "length": prose.Length, "thousands": prose.Grouped, "text": shown, "joined": joined, "lines": printable.Lines,
			"date": func(t time.Time) string { return t.UTC().Format(time.DateTime) },
			"mark": func(s catalog.State) string { return marks[s] }, "class": func(s catalog.State) string { return classes[s] },
			"entries": entriesWords, "counts": countWords, "cameTo": cameTo, "eachOnce": eachOnce, "size": sizeWords,
		})
		all[name] = template.Must(t.ParseFS(embedded, "templates/layout.html", "templates/"+name+".html"))
	}
	return all
})

// How states look. The classes are in the style sheet that all pages share.
var (
	marks = map[catalog.State]string{
		catalog.Valid: "✓", catalog.Violation: "✗", catalog.Undecided: "?", catalog.NoneViolated: "✓", catalog.Running: "▶", catalog.Unfinished: "…", catalog.Unreadable: "!",
	}
	classes = map[catalog.State]string{
		catalog.Valid: "valid", catalog.Violation: "violation", catalog.Undecided: "unknown", catalog.NoneViolated: "valid", catalog.Running: "running", catalog.Unfinished: "none", catalog.Unreadable: "unknown",
	}
)

// link returns the address of something in the store.
func link(page, name string) string {
	u := url.URL{Path: "/" + page + "/" + name}
	return u.EscapedPath()
}

// shown returns text from the store for a page, with control characters written out and long text cut.
// The templates escape it for HTML.
func shown(s string) string { return printable.Text(s, 300) }

// entriesWords counts entries.
func entriesWords(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return prose.Grouped(n) + " entries"
}

// sizeWords returns the size of a file.
func sizeWords(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

func joined(words []string) string { return strings.Join(words, ", ") }

// layout is the frame of each page.
type layout struct {
	Title    string
	Here     string // the page that is current in the menu
	Store    string
	ReadOnly bool
	Token    string
	Content  any
}

// show sends a page.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, page, title string, content any) {
	var b bytes.Buffer
	l := layout{Title: shown(title), Here: page, Store: s.Store, ReadOnly: s.ReadOnly, Token: s.token, Content: content}
	if err := templates()[page].Execute(&b, l); err != nil {
		http.Error(w, "The page could not be made: "+oneLine(err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", own)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // no one else could be told of an error
	}
}

// fail sends a page that says what went wrong.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, text string) {
	w.Header().Del("Content-Disposition")
	s.show(w, r, status, "message", http.StatusText(status), text)
}

// asset sends a file of the site itself.
func asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	text, err := embedded.ReadFile("assets/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	switch path.Ext(name) {
	case ".css":
		text = append([]byte(reports.StyleSheet()), text...)
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
	case ".js":
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	case ".svg":
		w.Header().Set("Content-Type", "image/svg+xml")
	}
	_, _ = w.Write(text)
}
