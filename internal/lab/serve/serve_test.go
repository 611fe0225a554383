package serve

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// fixture is a store with a server.
type fixture struct {
	t   *testing.T
	dir string
	s   *Server
}

// secret is the text of a file beside the store.
const secret = "the secret beside the store"

func newFixture(t *testing.T) *fixture {
	t.Helper()
	base := t.TempDir()
	dir := filepath.Join(base, "store")
	check(t, os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(base, "secret.html"), []byte(secret), 0o644))
	s, err := New(Config{Store: dir})
	check(t, err)
	t.Cleanup(func() { s.Close() })
	return &fixture{t, dir, s}
}

func check(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// run stores a finished run, in which two clients held the same key if the verdict is a violation.
func (f *fixture) run(recipe, at string, x store.Experiment, verdict checker.Result) string {
	f.t.Helper()
	start, err := time.Parse(time.RFC3339, at)
	check(f.t, err)
	run, err := store.Create(f.dir, recipe, start)
	check(f.t, err)
	b := historytest.New(models.Lock.Name)
	b.Op(0, models.FAcquire, "k", 1000, 1003, history.OK, nil, models.Grant{Token: 7})
	b.Op(1, models.FAcquire, "k", 1001, 1005, history.OK, nil, models.Grant{Token: 8})
	b.Op(0, models.FRelease, "k", 1500, 1600, history.OK, models.Held{Held: true}, nil)
	h := b.History()
	var text bytes.Buffer
	check(f.t, history.Write(&text, h))
	seed := int64(7)
	x.Recipe, x.Seed = recipe, &seed
	r := &store.Result{
		Verdict: verdict, Recipe: recipe, Subject: x.Subject, Label: x.Label, Seed: seed, Started: start,
		Stats:    stats.Compute(h),
		Verdicts: []checker.Verdict{{Property: "exclusion", Result: verdict, Key: "k", Reason: "two held it"}},
	}
	if verdict == checker.Violation {
		r.Verdicts[0].Counterexample = []int{1, 2, 3, 4}
	}
	check(f.t,
		os.WriteFile(run.History(), text.Bytes(), 0o644), run.WriteResult(r), store.WriteExperiment(run.Experiment(), x),
		os.WriteFile(run.Report(), []byte("<title>the report</title>"), 0o644))
	name, err := filepath.Rel(f.dir, run.Dir)
	check(f.t, err)
	return filepath.ToSlash(name)
}

// ask sends a request as a browser on this computer does.
func (f *fixture) ask(method, target string, change ...func(*http.Request)) *http.Response {
	f.t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+target, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	f.s.Handler().ServeHTTP(w, r)
	return w.Result()
}

func (f *fixture) page(target string) string {
	f.t.Helper()
	answer := f.ask("GET", target)
	text := body(f.t, answer)
	if answer.StatusCode != http.StatusOK {
		f.t.Fatalf("%s: %s: %s", target, answer.Status, text)
	}
	return text
}

func body(t *testing.T, answer *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(answer.Body)
	check(t, err)
	return string(text)
}

// Nothing outside the store can be read: not by a path, through a link, in an archive or on a page.
func TestNothingOutsideTheStore(t *testing.T) {
	f := newFixture(t)
	run := f.run("lock", "2026-01-02T15:04:05Z", store.Experiment{}, checker.Valid)
	outside := filepath.Dir(f.dir)
	for link, to := range map[string]string{
		"leak.html": filepath.Join(outside, "secret.html"), "leaks": outside, "up": "..", run + "/result2.json": "../../../secret.html",
	} {
		check(t, os.Symlink(to, filepath.Join(f.dir, link)))
	}
	for _, path := range []string{
		"../secret.html", "%2e%2e/secret.html", "..%2fsecret.html", "lock/..%2f..%2fsecret.html", "lock/%2e%2e/%2e%2e/secret.html",
		"%2fetc%2fpasswd", "/etc/passwd", "..%5csecret.html", "leak.html", "leaks/secret.html", "up/secret.html", run + "/result2.json",
		".", "..", "", "lock", "%00", "lock%00/x", strings.Repeat("a/", 3000),
	} {
		for _, page := range []string{"/files/", "/run/", "/download/", "/spark/", "/live/"} {
			answer := f.ask("GET", page+path)
			text := body(t, answer)
			if answer.StatusCode == http.StatusOK || strings.Contains(text, secret) || strings.Contains(text, "root:") {
				t.Errorf("%s%.80s: %s: %.200s", page, path, answer.Status, text)
			}
		}
		for _, page := range []string{"/compare?run=" + run + "&run=", "/delete?run="} {
			if answer := f.ask("GET", page+path); answer.StatusCode == http.StatusOK {
				t.Errorf("%s%.80s: %s", page, path, answer.Status)
			}
		}
	}
	if got := f.page("/files/latest/report.html"); !strings.Contains(got, "the report") {
		t.Errorf("latest is a link within the store: %s", got)
	}
	for _, name := range f.zipped(run) {
		if strings.Contains(name, "result2") {
			t.Errorf("a link was packed: %s", name)
		}
	}
}

// zipped downloads a run, and returns the names of the files in it.
func (f *fixture) zipped(run string) (names []string) {
	f.t.Helper()
	text := f.page("/download/" + run)
	z, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	check(f.t, err)
	for _, file := range z.File {
		if strings.Contains(file.Name, "..") {
			f.t.Errorf("%s leaves its folder", file.Name)
		}
		names = append(names, file.Name)
	}
	return names
}

// A run that is a link to another place, or whose files are, is not compared: packages that read runs
// by their paths would follow it.
func TestLinksAreNotCompared(t *testing.T) {
	f := newFixture(t)
	one := f.run("lock", "2026-01-02T15:04:05Z", store.Experiment{}, checker.Valid)
	two := f.run("lock", "2026-01-02T15:04:06Z", store.Experiment{}, checker.Valid)
	target := "/compare?run=" + one + "&run=" + two
	if got := f.page(target); !strings.Contains(got, "Comparison") {
		t.Errorf("two runs: %s", got)
	}
	history := filepath.Join(f.dir, two, "history.jsonl")
	check(t, os.Rename(history, filepath.Join(filepath.Dir(f.dir), "history.jsonl")), os.Symlink("../../../history.jsonl", history))
	answer := f.ask("GET", target)
	if text := body(t, answer); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, "not a regular file") {
		t.Errorf("%s: %s", answer.Status, text)
	}
	if got := f.page("/"); !strings.Contains(got, "history.jsonl is not a regular file") {
		t.Errorf("the list does not say so: %s", got)
	}
}

// hostile is text that a page must show but not execute.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'` + "\u202e\x1b[2J"

// Text from the store is escaped on all pages, and pages allow no script but the server's own.
func TestTextOfTheStoreIsEscaped(t *testing.T) {
	f := newFixture(t)
	recipe := `lock"><script>alert(1)<` // a slash cannot be in a name
	run := f.run(recipe, "2026-01-02T15:04:05Z", store.Experiment{Subject: hostile, Settings: labelled(hostile), Faults: store.Faults{hostile}}, checker.Violation)
	path := strings.TrimPrefix(link("run", run), "/run/")
	check(t, os.WriteFile(filepath.Join(f.dir, filepath.FromSlash(run), hostileName), nil, 0o644))
	check(t, os.Mkdir(filepath.Join(f.dir, recipe, "2026-01-02T15-04-06.000Z"+hostileName), 0o755))
	for _, target := range []string{
		"/", "/?q=" + url.QueryEscape(`"><script>alert(1)</script><img src=x onerror=alert(1)>'"`) + "&recipe=%3Cscript%3E&by=%22%3E", "/findings", "/run/" + path, "/delete?run=" + url.QueryEscape(run),
	} {
		answer := f.ask("GET", target)
		text := body(t, answer)
		for _, bad := range []string{"<script>alert", "<img src=x", "\u202e", "\x1b", "<script>\"", "onerror=alert(1)>'\"\""} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q", target, bad)
			}
		}
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", target, answer.Status)
		}
		if policy := answer.Header.Get("Content-Security-Policy"); policy != own || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", target, policy)
		}
		if strings.Contains(text, " style=") || strings.Contains(text, " onclick=") || strings.Count(text, "<script") != 1 {
			t.Errorf("%s has a script or a style in it, which the policy forbids", target)
		}
	}
	if got := f.page("/run/" + path); !strings.Contains(got, "&lt;script&gt;alert(1)") {
		t.Errorf("the label is not there: %s", got)
	}
	for _, target := range []string{"/files/" + path + "/report.html", "/files/" + path + "/result.json", "/files/nothing", "/spark/" + path, "/assets/nothing"} {
		answer := f.ask("GET", target)
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "allow-same-origin") {
			t.Errorf("%s: the policy is %q", target, policy)
		}
	}
	if got := f.ask("GET", "/files/"+path+"/report.html").Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "sandbox ") {
		t.Errorf("a stored page: %q", got)
	}
}

// hostileName is the name of a file.
const hostileName = `x"><img src=x onerror=alert(1)>`

func labelled(label string) (s settings.Settings) {
	s.Label = label
	return s
}

// Pages of other sites change nothing, and neither do requests that only read. Only the form of this
// server deletes.
func TestOnlyOwnFormsDelete(t *testing.T) {
	f := newFixture(t)
	older := f.run("lock", "2026-01-02T15:04:05Z", store.Experiment{}, checker.Valid)
	run := f.run("lock", "2026-01-02T15:04:06Z", store.Experiment{}, checker.Valid)
	form := f.page("/delete?run=" + run)
	_, rest, _ := strings.Cut(form, `name="token" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	post := func(token string, headers ...string) func(*http.Request) {
		return func(r *http.Request) {
			body := url.Values{"token": {token}, "run": {run}}.Encode()
			r.Body = io.NopCloser(strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
		}
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"of another site":         {post(token, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"), http.StatusForbidden},
		"of another port":         {post(token, "Sec-Fetch-Site", "same-site"), http.StatusForbidden},
		"of an older browser":     {post(token, "Origin", "https://evil.example"), http.StatusForbidden},
		"of a page of the store":  {post(token, "Origin", "null"), http.StatusForbidden},
		"without a token":         {post(""), http.StatusForbidden},
		"with another token":      {post("x"+token[1:], "Sec-Fetch-Site", "same-origin"), http.StatusForbidden},
		"to another name":         {func(r *http.Request) { post(token)(r); r.Host = "evil.example" }, http.StatusMisdirectedRequest},
		"with the token in front": {func(r *http.Request) { post("")(r); r.URL.RawQuery = "token=" + token }, http.StatusForbidden},
	} {
		if answer := f.ask("POST", "/delete", c.change); answer.StatusCode != c.want {
			t.Errorf("a form %s: %s", name, answer.Status)
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
		f.ask(method, "/delete?run="+run+"&token="+token)
		f.ask(method, "/run/"+run)
	}
	if _, err := os.Stat(filepath.Join(f.dir, run, "history.jsonl")); err != nil {
		t.Fatalf("it was deleted: %v", err)
	}
	answer := f.ask("POST", "/delete", post(token, "Sec-Fetch-Site", "same-origin"))
	if answer.StatusCode != http.StatusSeeOther {
		t.Errorf("the own form: %s: %s", answer.Status, body(t, answer))
	}
	if _, err := os.Stat(filepath.Join(f.dir, run)); !os.IsNotExist(err) {
		t.Errorf("it was not deleted: %v", err)
	}
	if latest, err := os.Readlink(filepath.Join(f.dir, "latest")); err != nil || filepath.ToSlash(latest) != older {
		t.Errorf("latest is %s, %v", latest, err)
	}
	f.s.ReadOnly = true
	run = older
	if answer := f.ask("POST", "/delete", post(token)); answer.StatusCode != http.StatusConflict {
		t.Errorf("a server that only reads: %s", answer.Status)
	}
	if text := f.page("/"); strings.Contains(text, "Delete…") {
		t.Error("a server that only reads offers to delete:", text)
	}
}

// Requests to a host name that anybody could point to this computer are refused.
func TestForeignHost(t *testing.T) {
	f := newFixture(t)
	f.s.Hosts = []string{"lab.example"}
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8218": 200, "LOCALHOST:1": 200, "127.0.0.1:8218": 200, "[::1]:8218": 200, "192.168.1.5": 200, "lab.example:80": 200,
		"evil.example": 421, "evil.example:8218": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "": 421, "0x7f.1": 421, "x.lab.example": 421,
	} {
		if answer := f.ask("GET", "/", func(r *http.Request) { r.Host = host }); answer.StatusCode != want {
			t.Errorf("%q: %s", host, answer.Status)
		}
	}
}

// A store with runs that are broken in all ways is listed, and each run with its error.
func TestBrokenRuns(t *testing.T) {
	f := newFixture(t)
	whole := f.run("lock", "2026-01-02T15:04:05Z", store.Experiment{}, checker.Valid)
	broken := map[string]struct {
		change func(dir string) error
		want   string
	}{
		"no record":     {func(dir string) error { return os.Remove(filepath.Join(dir, "history.jsonl")) }, "it has no history.jsonl"},
		"half a result": {func(dir string) error { return os.Truncate(filepath.Join(dir, "result.json"), 100) }, "result.json: "},
		"another verdict": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "result.json"), []byte(`{"verdict":"<b>fine</b>"}`), 0o644)
		}, "has the verdict &#34;&lt;b&gt;fine"},
		"an empty result":       {func(dir string) error { return os.Truncate(filepath.Join(dir, "result.json"), 0) }, "result.json: "},
		"a folder for it":       {func(dir string) error { return replaced(filepath.Join(dir, "result.json")) }, "is not a regular file"},
		"a record that is none": {func(dir string) error { return replaced(filepath.Join(dir, "history.jsonl")) }, "history.jsonl is not a regular file"},
		"no settings": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "experiment.yaml"), []byte("\tx: ["), 0o644)
		}, "valid"},
	}
	n := 0
	for name, b := range broken {
		n++
		run := f.run("lock", fmt.Sprintf("2026-01-02T15:05:%02dZ", n), store.Experiment{Settings: labelled(name)}, checker.Valid)
		check(t, b.change(filepath.Join(f.dir, run)))
		if text := rowOf(t, f.page("/"), run); !strings.Contains(text, b.want) {
			t.Errorf("%s: %s", name, text)
		}
		if answer := f.ask("GET", "/run/"+run); answer.StatusCode != http.StatusOK {
			t.Errorf("the page of %s: %s", name, answer.Status)
		}
	}
	crashed := f.run("lock", "2026-01-02T15:06:00Z", store.Experiment{}, checker.Valid)
	long := time.Now().Add(-time.Hour)
	check(t, os.Remove(filepath.Join(f.dir, crashed, "result.json")), os.Chtimes(filepath.Join(f.dir, crashed, "history.jsonl"), long, long))
	check(t, os.MkdirAll(filepath.Join(f.dir, "lock", "my notes"), 0o755))
	check(t, os.MkdirAll(filepath.Join(f.dir, sweep.StoreFolder, "lock", "0123", "1-of-1"), 0o755), os.WriteFile(filepath.Join(f.dir, sweep.StoreFolder, "lock", "0123", "1-of-1", sweep.JournalFile), []byte("hello\n"), 0o644))
	text := f.page("/")
	if !strings.Contains(rowOf(t, text, crashed), "unfinished") || !strings.Contains(rowOf(t, text, whole), "valid") {
		t.Errorf("the list: %s", text)
	}
	if !strings.Contains(rowOf(t, text, sweep.StoreFolder+"/lock/0123"), "unreadable") || strings.Contains(text, "my notes") {
		t.Errorf("the list: %s", text)
	}
	for _, target := range []string{"/findings", "/run/sweeps/lock/0123", "/spark/sweeps/lock/0123", "/spark/" + whole} {
		f.page(target)
	}
	if got := f.page("/?state=unreadable"); strings.Contains(got, whole) || !strings.Contains(got, "unreadable") {
		t.Errorf("the filter: %s", got)
	}
}

// replaced replaces a file by a folder.
func replaced(file string) error {
	if err := os.Remove(file); err != nil {
		return err
	}
	return os.Mkdir(file, 0o755)
}

// rowOf returns the row of a run in the list.
func rowOf(t *testing.T, page, run string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `value="`+run+`"`)
	if !ok {
		t.Fatalf("%s is not in the list: %s", run, page)
	}
	row, _, _ := strings.Cut(rest, "</tr>")
	return row
}

// The query of its address filters and sorts the list.
func TestFilterAndSort(t *testing.T) {
	f := newFixture(t)
	one := f.run("lock", "2026-01-02T15:04:05Z", store.Experiment{Subject: "mine", Settings: labelled("nightly")}, checker.Valid)
	two := f.run("queue", "2026-01-03T15:04:05Z", store.Experiment{Subject: "yours", Faults: store.Faults{"expire"}}, checker.Violation)
	for query, want := range map[string][]string{
		"": {two, one}, "?up=1": {one, two}, "?q=NIGHT+mine": {one}, "?q=night+yours": nil, "?recipe=queue": {two}, "?state=violation": {two}, "?q=exclusion": {two},
		"?since=2026-01-03": {two}, "?since=soon": {two, one}, "?kind=sweep": nil, "?by=recipe&up=1": {one, two}, "?by=state": {one, two}, "?by=nothing": {two, one},
		"?page=7": {two, one}, "?q=expire": {two},
	} {
		text := f.page("/" + query)
		var got []string
		for line := range strings.Lines(text) {
			if _, rest, ok := strings.Cut(line, `type="checkbox" name="run" value="`); ok {
				name, _, _ := strings.Cut(rest, `"`)
				got = append(got, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

// Findings are compared with the newest run of the same recipe and subject.
func TestFindings(t *testing.T) {
	f := newFixture(t)
	state := func() string {
		text := f.page("/findings")
		for _, s := range findingStates {
			if strings.Contains(text, `class="tag `+s+`"`) {
				return s
			}
		}
		return ""
	}
	f.run("lock", "2026-01-02T15:04:05Z", store.Experiment{Subject: "mine"}, checker.Valid)
	for _, c := range []struct {
		verdict checker.Result
		want    string
	}{{checker.Valid, ""}, {checker.Violation, "new"}, {checker.Violation, "known"}, {checker.Valid, "gone"}, {checker.Violation, "known"}} {
		at := time.Now().UTC().Truncate(time.Second)
		f.run("lock", at.Format(time.RFC3339), store.Experiment{Subject: "mine"}, c.verdict)
		f.run("lock", "2027-01-02T15:04:05Z", store.Experiment{Subject: "another one"}, checker.Valid)
		if got := state(); got != c.want {
			t.Errorf("after one that is %s: %q, want %q", c.verdict, got, c.want)
		}
	}
}

// events reads a stream of events until take accepts one.
func (f *fixture) events(target string, take func(name, data string) bool) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(f.t, err)
	ended := make(chan error)
	serving, stop := context.WithCancel(ctx)
	go func() { ended <- f.s.Serve(serving, l) }()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.Addr().String()+target, nil)
	check(f.t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	check(f.t, err)
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	name, taken := "", false
	for !taken && lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = text
		}
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			taken = take(name, text)
		}
	}
	if !taken {
		f.t.Errorf("%s ended: %v", target, lines.Err())
	}
	stop() // the stream is still open, and must not keep the server from ending
	if err := <-ended; err != nil {
		f.t.Errorf("the server ended with %v", err)
	}
	answer.Body.Close()
}

// begun begins a run that stays under way.
func (f *fixture) begun(recipe string, at time.Time) (string, *history.Recorder) {
	f.t.Helper()
	run, err := store.Create(f.dir, recipe, at)
	check(f.t, err, store.WriteExperiment(run.Experiment(), store.Experiment{Recipe: recipe, Subject: "mine"}))
	r, err := history.Create(run.History(), history.Header{Model: models.Lock.Name, Params: history.Params{Clients: 2, Servers: 3}})
	check(f.t, err)
	f.t.Cleanup(func() { r.Close() })
	name, err := filepath.Rel(f.dir, run.Dir)
	check(f.t, err)
	return filepath.ToSlash(name), r
}

// Two runs of other processes at the same time: each is shown live, with its own holders and faults, until it
// has its result. A silent run is under way while its record is locked, and no longer.
func TestTwoRunsAtOnce(t *testing.T) {
	f := newFixture(t)
	first, r1 := f.begun("lock", time.Now())
	second, r2 := f.begun("lock", time.Now().Add(-time.Second))
	r1.Record(history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FPhase, Value: history.Value(history.Phase{Name: history.PhaseLoad})})
	r1.Record(history.Event{Process: 0, Client: 0, Type: history.Invoke, F: models.FAcquire, Key: "k<1>"})
	r1.Record(history.Event{Process: 0, Client: 0, Type: history.OK, F: models.FAcquire, Key: "k<1>", Value: history.Value(models.Grant{Token: 7})})
	r1.Record(history.Event{Process: 1, Client: 1, Type: history.Invoke, F: models.FAcquire, Key: "k<1>"})
	r1.Record(history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: "pause", Value: history.Value(history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "pause:leader"})})
	r2.Record(history.Event{Process: 0, Client: 0, Type: history.Invoke, F: models.FAcquire, Key: "k"})
	r2.Record(history.Event{Process: 0, Client: 0, Type: history.Fail, F: models.FAcquire, Key: "k", Error: &history.Error{Code: "timeout"}})
	now := func(run string, faults int) (s snapshot) {
		f.events("/live/"+run, func(name, data string) bool {
			check(t, json.Unmarshal([]byte(data), &s))
			return s.Outcomes != "0 ok, 0 failed, 0 unknown" && len(s.Faults) == faults // faults are written a moment later
		})
		return s
	}
	s := now(first, 1)
	if s.Phase != history.PhaseLoad || !slices.Equal(s.Holders, []string{"k<1>: client 0"}) || s.Waiting != "1" || s.Outcomes != "1 ok, 0 failed, 0 unknown" {
		t.Errorf("the first: %+v", s)
	}
	if len(s.Faults) != 1 || !strings.HasPrefix(s.Faults[0], "pause:leader: being injected") {
		t.Errorf("the first: %+v", s.Faults)
	}
	if s := now(second, 0); len(s.Holders) != 0 || s.Outcomes != "0 ok, 1 failed, 0 unknown" || len(s.Faults) != 0 {
		t.Errorf("the second: %+v", s)
	}
	old := time.Now().Add(-time.Hour)
	touch := func(run string) { check(t, os.Chtimes(filepath.Join(f.dir, run, "history.jsonl"), old, old)) }
	touch(first)
	check(t, r2.Close())
	touch(second)
	text := f.page("/")
	if !strings.Contains(rowOf(t, text, first), "running") || !strings.Contains(rowOf(t, text, second), "unfinished") {
		t.Errorf("one is quiet, one has crashed: %s", text)
	}
	if answer := f.ask("GET", "/delete?run="+first); !strings.Contains(body(t, answer), "goes on") {
		t.Error("a run that goes on can be deleted")
	}
	check(t, r1.Close())
	if text := rowOf(t, f.page("/"), first); !strings.Contains(text, "running") {
		t.Errorf("a whole record that is being checked: %s", text)
	}
	check(t, (&store.Run{Dir: filepath.Join(f.dir, first)}).WriteResult(&store.Result{Verdict: checker.Valid}))
	f.events("/live/"+first, func(name, data string) bool { return name == "over" && data == `"valid"` })
	f.events("/events?v=none", func(name, _ string) bool { return name == "changed" })
}

// A run under way is checked for violations while somebody watches.
func TestFindingsOfARunThatGoesOn(t *testing.T) {
	f := newFixture(t)
	name, r := f.begun("lock", time.Now())
	put := func(client int, kind history.Type, op string, value any) {
		r.Record(history.Event{
			Process: history.Process(client), Client: client, Type: kind, F: op, Key: "k", Value: history.Value(value),
			Session: history.ID(0x10a + client), Alive: r.Now(),
		})
	}
	for range 100 { // two clients hold the lock again and again
		for client := range 2 {
			put(client, history.Invoke, models.FAcquire, nil)
			put(client, history.OK, models.FAcquire, models.Grant{})
		}
		time.Sleep(time.Millisecond)
		for client := range 2 {
			put(client, history.Invoke, models.FRelease, models.Held{Held: true})
			put(client, history.OK, models.FRelease, nil)
		}
	}
	// The page does not show what it does not know before the first event.
	if _, live, ok := strings.Cut(f.page("/run/"+name), "Faults now"); !ok || strings.Contains(live, ">none<") || strings.Contains(live, ">nobody<") {
		t.Errorf("the first paint says what it cannot know: %s", live)
	}
	f.events("/live/"+name, func(_, data string) bool {
		var s snapshot
		check(t, json.Unmarshal([]byte(data), &s))
		return len(s.Findings) > 0 && strings.HasPrefix(s.Findings[0], "exclusion of k: ")
	})
}

// A sweep of ten thousand seeds is listed and followed while it is under way.
func TestSweepUnderWay(t *testing.T) {
	f := newFixture(t)
	journal, name := f.sweep(10_000, 4000)
	row := rowOf(t, f.page("/"), name)
	for _, want := range []string{"running", "violated in 40; 4,000 of 10,000 runs", "exclusion", "mine"} {
		if !strings.Contains(row, want) {
			t.Errorf("the row has no %q: %s", want, row)
		}
	}
	var s sweepSnapshot
	f.events("/live/"+name, func(_, data string) bool {
		check(t, json.Unmarshal([]byte(data), &s))
		return true
	})
	if s.Done != "4,000 of 10,000 runs" || s.Counts != "40 violated, 120 undecided, 3,840 valid" || len(s.Findings) != 1 {
		t.Errorf("%+v", s)
	}
	if f := s.Findings[0]; f.Property != "exclusion" || f.Runs != "in 40 of 4,000 runs" || f.Kept == "" || f.Text != whatHappened || !strings.Contains(f.Shape, "expire") {
		t.Errorf("%+v", f)
	}
	if got := f.page(s.Findings[0].Kept); !strings.Contains(got, "run of a sweep") {
		t.Errorf("the smallest run: %s", got)
	}
	check(t, journal.Write(sweep.Line{Seed: 9999, Verdict: checker.Valid}))
	if row := rowOf(t, f.page("/"), name); !strings.Contains(row, "4,001 of 10,000") {
		t.Errorf("after one more: %s", row)
	}
	check(t, journal.End(sweep.Interrupted), journal.Close())
	if row := rowOf(t, f.page("/"), name); !strings.Contains(row, "violation") || strings.Contains(row, "running") {
		t.Errorf("when it has ended: %s", row)
	}
	if got := f.page("/findings"); !strings.Contains(got, "exclusion") {
		t.Errorf("findings: %s", got)
	}
}

// whatHappened is the sentence about the violations of a sweep.
const whatHappened = "on k1: a znode of client 2 blocked it for ever"

// sweep begins a sweep and writes some of its runs.
func (f *fixture) sweep(seeds, done int64) (*sweep.Journal, string) {
	f.t.Helper()
	all, err := sweep.ParseSeeds(fmt.Sprint("1..", seeds))
	check(f.t, err)
	d := sweep.Description{Settings: []sweep.Setting{{Name: "recipe", Value: "lock"}, {Name: "subject", Value: "mine"}}, Seeds: all, Shard: sweep.Shard{Index: 1, Of: 1}}
	name := sweep.StoreFolder + "/lock/" + d.Name()
	journal, err := sweep.OpenJournal(filepath.Join(f.dir, filepath.FromSlash(name), "1-of-1"), d, 2)
	check(f.t, err)
	f.t.Cleanup(func() { journal.Close() })
	for seed := int64(1); seed <= done; seed++ {
		line := sweep.Line{Seed: seed, Verdict: checker.Valid, Events: 100, Valid: []string{"exclusion"}}
		switch {
		case seed%100 == 0:
			line.Verdict, line.Valid = checker.Violation, nil
			line.NotValid = []sweep.Property{{Name: "exclusion", Result: checker.Violation, Shape: "acquire ok", Faults: []string{"expire"}, Example: whatHappened}}
			check(f.t, os.MkdirAll(journal.Folder(seed), 0o755), os.WriteFile(filepath.Join(journal.Folder(seed), "history.jsonl"), nil, 0o644))
		case seed%50 < 2:
			line.Verdict, line.Valid = checker.Unknown, nil
		}
		check(f.t, journal.Write(line))
	}
	return journal, name
}

// Explorations are listed among the other entries, including those that cannot be read.
func TestExplorations(t *testing.T) {
	f := newFixture(t)
	x := explore.Stored{
		Recipe: "lock", Subject: hostile, Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Verdict: checker.Violation, Runs: 30,
		Singles: explore.Count{All: 28, Tried: 28, Broke: 2}, Text: "what it found\n" + hostile,
		Found: []explore.StoredCause{{Cause: sweep.Cause{Property: "exclusion", Shape: "acquire ok"}, Where: "client 1", Runs: 2, Again: "zklab run lock " + hostile}},
	}
	folder, err := x.Write(f.dir)
	check(t, err)
	name, err := filepath.Rel(f.dir, folder)
	check(t, err)
	name = filepath.ToSlash(name)
	if row := rowOf(t, f.page("/?kind=exploration"), name); !strings.Contains(row, "violation") || !strings.Contains(row, "exclusion") || !strings.Contains(row, "violated in 2 of 30 runs") {
		t.Errorf("the row: %s", row)
	}
	check(t, os.WriteFile(filepath.Join(folder, explore.PageFile), []byte("its page"), 0o644))
	if row := rowOf(t, f.page("/"), name); !strings.Contains(row, "/"+name+"/"+explore.PageFile) {
		t.Errorf("no page in the row: %s", row)
	}
	page := f.page("/run/" + name)
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "\x1b") || !strings.Contains(page, "what it found") || !strings.Contains(page, "zklab run lock") {
		t.Errorf("the page: %s", page)
	}
	if got := f.page("/findings"); !strings.Contains(got, "acquire ok") {
		t.Errorf("the findings: %s", got)
	}
	run := f.run("lock", "2026-01-02T15:04:05Z", store.Experiment{}, checker.Valid)
	if answer := f.ask("GET", "/compare?run="+run+"&run="+name); answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("compared: %s", answer.Status)
	}
	check(t, os.Truncate(filepath.Join(folder, explore.StoredFile), 40))
	if row := rowOf(t, f.page("/"), name); !strings.Contains(row, "unreadable") {
		t.Errorf("when it is cut off: %s", row)
	}
	f.page("/run/" + name)
}

// Matrices are listed among the other entries, including those that cannot be read. The findings of their
// sweeps are counted once.
func TestMatrices(t *testing.T) {
	f := newFixture(t)
	m := matrix.Stored{
		Matrix: matrix.Matrix{
			Command: "zklab matrix lock", Verdict: checker.Violation, Servers: []string{"embedded", hostile},
			Experiments: []*matrix.Experiment{{Name: "lock", Cells: []*matrix.Cell{{On: "embedded", Runs: 3}, {On: hostile, Runs: 2}}, Differences: []matrix.Difference{{Property: "exclusion"}}}},
		},
		Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Label: "night",
	}
	const name = matrix.StoreFolder + "/0123456789abcdef"
	folder := filepath.Join(f.dir, filepath.FromSlash(name))
	check(t, m.Write(folder))
	if row := rowOf(t, f.page("/?kind=matrix&recipe=lock"), name); !strings.Contains(row, "violation") || !strings.Contains(row, "exclusion") || !strings.Contains(row, "5 runs") || !strings.Contains(row, "night") {
		t.Errorf("the row: %s", row)
	}
	check(t, os.WriteFile(filepath.Join(folder, matrix.PageFile), []byte("its page"), 0o644))
	if row := rowOf(t, f.page("/"), name); !strings.Contains(row, "/"+name+"/"+matrix.PageFile) {
		t.Errorf("no page in the row: %s", row)
	}
	if page := f.page("/run/" + name); strings.Contains(page, "<script>alert") || strings.Contains(page, "\x1b") || !strings.Contains(page, "the page of the matrix") {
		t.Errorf("the page: %s", page)
	}
	if got := f.page("/findings"); strings.Contains(got, "matrices") {
		t.Errorf("the findings: %s", got)
	}
	run := f.run("lock", "2026-01-02T15:04:05Z", store.Experiment{}, checker.Valid)
	if answer := f.ask("GET", "/compare?run="+run+"&run="+name); answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("compared: %s", answer.Status)
	}
	check(t, os.Truncate(filepath.Join(folder, matrix.StoredFile), 40))
	if row := rowOf(t, f.page("/"), name); !strings.Contains(row, "unreadable") {
		t.Errorf("when it is cut off: %s", row)
	}
	f.page("/run/" + name)
}
