package cli

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/internal/testkit/ports"
	"github.com/zklab/zklab/store"
)

// oldRun is the folder of a run that is always old.
const oldRun = "2020-01-02T15-04-05.678Z"

// histories has the contents of files that other tools wrote.
var histories = map[string]string{
	"history.edn":   "{:process 0, :type :invoke, :f :write, :value 3}\n{:process 0, :type :ok, :f :write, :value 3}\n",
	"jepsen.log":    "INFO  jepsen.util - 0\t:invoke\t:write\t3\nINFO  jepsen.util - 0\t:ok\t:write\t3\n",
	"c10-ok.txt":    `{:process 0, :type :invoke, :f :append, :key "0", :value "x"}` + "\n" + `{:process 0, :type :ok, :f :append, :key "0", :value "x"}` + "\n",
	"history.jsonl": `{"process":0,"type":"invoke","f":"acquire","value":1}` + "\n" + `{"process":0,"type":"ok","f":"acquire","value":1}` + "\n",
}

// A check comes to a verdict.
func checks(d *rehearsal) {
	d.place("violated", "store")
	for name, text := range histories {
		d.write(name, text)
	}
	if strings.Contains(d.line, " docs/") {
		d.in = d.checkout
	}
	if !d.has("--json") {
		d.words = append(d.words, "--json")
	}
	var result store.Result
	out := d.exits(usage.ExitValid, usage.ExitViolation)
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		d.Fatal(err)
	}
	if result.Verdict != checker.Valid && result.Verdict != checker.Violation {
		d.Errorf("verdict %s\n%s", result.Verdict, out)
	}
}

// A comparison names its groups, has figures for each, and judges the gates.
func compares(d *rehearsal) {
	d.place("compared", "store")
	d.replace("^(many|/tmp/v1)$", "before")
	d.replace("^(eight|new|/tmp/v2)$", "after")
	for _, other := range []string{"zklab", "go-zookeeper"} { // the figures for a talk
		d.replace("^"+other+"-[24]s$", "before")
		d.replace("^"+other+"-6s$", "after")
	}
	archive, err := filepath.Glob(d.at("store/sweeps/lock/*/1-of-1.jsonl.gz"))
	if err != nil || len(archive) != 2 {
		d.Fatal(archive, err)
	}
	d.write("baseline.jsonl.gz", d.read(archive[0]))
	out := d.exits(usage.ExitValid, usage.ExitViolation, usage.ExitUnknown)
	groups := d.words[1:3]
	if strings.Contains(d.line, "benchfmt") {
		units := map[string]int{}
		for r := benchfmt.NewReader(strings.NewReader(out), "stdout"); r.Scan(); {
			switch r := r.Result().(type) {
			case *benchfmt.Result:
				units[r.GetConfig("group")]++
			case *benchfmt.SyntaxError:
				d.Error(r)
			}
		}
		if units[groups[0]] == 0 || units[groups[1]] == 0 {
			d.Errorf("benchmarks of groups: %v", units)
		}
		return
	}
	d.prints(out, `^  A +`+regexp.QuoteMeta(groups[0])+`: 6 runs`)
	d.prints(out, `^  B +`+regexp.QuoteMeta(groups[1])+`: 6 runs`)
	d.prints(out, `^acquire\.median, by run\n  A +`+regexp.QuoteMeta(groups[0])+` +[0-9.]+ ms .*\n  B +`+regexp.QuoteMeta(groups[1])+` +[0-9.]+ ms`)
	for i, word := range d.words {
		switch word {
		case "--gate":
			d.prints(out, `^  (kept|exceeded|undecided) +gate `+regexp.QuoteMeta(d.words[i+1]))
		case "--page":
			d.prints(d.read(d.words[i+1]), regexp.QuoteMeta(groups[1]))
		}
	}
}

// The table has a row for each column, and the page links to all runs. The runs are simulated instead of using
// containers.
func setsSideBySide(d *rehearsal) {
	virtual := "--on=simulated" // instead of containers
	var words, on []string
	for i := 0; i < len(d.words); i++ {
		if d.words[i] != "--on" {
			words = append(words, d.words[i])
			continue
		}
		i++
		if strings.HasPrefix(d.words[i], "image:") || d.words[i] == "simulated" {
			words = append(words, virtual)
			virtual = "--jobs=1"
			continue
		}
		words, on = append(words, "--on="+d.words[i]), append(on, d.words[i])
	}
	d.words = append(words, "--time-limit=4s", "--repeat=1", "--quiet")
	run := d.start("", d.words...)
	run.wait()
	if code := run.cmd.ProcessState.ExitCode(); code != usage.ExitValid && code != usage.ExitUnknown {
		d.Errorf("%s\n%s", run.cmd.ProcessState, run.text())
	}
	for _, column := range append(on, "simulated") {
		d.prints(run.text(), "^  "+column+` \(3\.\S+ +[✓?] (1 of 1 valid|(1 )?undecided) +[0-9.]+ .s +`)
	}
	page, err := filepath.Glob(d.at("store/matrices/*/matrix.html"))
	if err != nil || len(page) != 1 {
		d.Fatal(page, err)
	}
	d.prints(d.read(page[0]), `<a href="../../sweeps/[a-z]+/[0-9a-f]+/sweep.html">all runs</a>`)
}

// An exploration tries faults at the points of its scenario, singly and in pairs, and tells why if it reached
// no verdict. Here the scenario is small enough for the exploration to be completed.
func explores(d *rehearsal) {
	if at := slices.Index(d.words, "--"); at > 0 {
		exploresProgram(d, at)
		return
	}
	d.words = append(d.words, "--for=10m", "--clients=2", "--ops=1", "--faults=lose-reply", "--jobs=1", "--json", "--quiet")
	if d.has("--subject-command") { // in real time
		d.replace(`^python3 .*`, "zklab worker")
		d.words = append(d.words, "--singles")
	}
	var found struct {
		Verdict        checker.Result
		Why            []string
		Points         int
		Singles, Pairs struct{ Tried int }
	}
	out := d.start("", d.words...)
	out.wait()
	if err := json.Unmarshal([]byte(out.text()), &found); err != nil {
		d.Fatal(err, out.text())
	}
	switch {
	case found.Points == 0 || found.Singles.Tried == 0:
		d.Errorf("nothing was tried\n%s", out.text())
	case found.Verdict == checker.Unknown && len(found.Why) == 0:
		d.Errorf("unknown, without a reason\n%s", out.text())
	case !d.has("--singles") && found.Pairs.Tried == 0:
		d.Errorf("no pair was tried\n%s", out.text())
	case out.cmd.ProcessState.ExitCode() != verdicts.ExitOf(found.Verdict):
		d.Errorf("%s, but %s", out.cmd.ProcessState, found.Verdict)
	}
}

// The tests of any program decide; here the program is zklab's shell, which does not create a znode again.
func exploresProgram(d *rehearsal, at int) {
	d.words = append(d.words[:at:at], "--", "sh", "-c", `zklab shell "$ZKLAB_SERVERS" -c 'create /visits 0'`)
	d.replace(`^reply-lost:setData /visits`, "reply-lost:create /visits")
	if !d.has("--only") {
		d.insert("--only", "reply-lost:create /visits") // all faults would take longer
	}
	port, release, err := ports.Reserve(1)
	if err != nil {
		d.Fatal(err)
	}
	defer release()
	d.replace(`^127\.0\.0\.1:2181$`, fmt.Sprintf("127.0.0.1:%d", port))
	d.prints(d.exits(usage.ExitViolation), `^reply-lost:create /visits#1@client1: failed in 3 of 3 runs, without a fault in 0 of 5$`)
}

// What an export writes can be read by a reader of its format.
func exports(d *rehearsal) {
	d.place("compared", "store")
	if strings.HasPrefix(d.line, "zklab export latest") {
		d.place("violated", "single")
		d.words = append(d.words, "--out=single")
	}
	sent := ""
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/traces" {
			d.Error(r.URL, err)
		}
		sent += string(body) + "\n"
	}))
	defer collector.Close()
	d.replace(`http://localhost:4318`, collector.URL)
	text := d.exits(usage.ExitValid)
	format := d.words[slices.Index(d.words, "--format")+1]
	if i := slices.Index(d.words, "--output"); i > 0 {
		text = d.read(d.words[i+1])
	}
	switch {
	case format == "csv" || format == "operations":
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(rows) < 10 {
			d.Errorf("%d rows, %v", len(rows), err)
		}
	case format == "perfetto":
		readsMessages(d, []byte(text))
	case format == "otlp":
		if d.has("--endpoint") {
			text = sent
		}
		if text == "" {
			d.Error("no traces")
		}
		for line := range strings.Lines(text) {
			var traces struct{ ResourceSpans []any }
			if err := json.Unmarshal([]byte(line), &traces); err != nil || len(traces.ResourceSpans) == 0 {
				d.Errorf("%v: %.100s", err, line)
			}
		}
	default:
		d.Errorf("no reader of format %s", format)
	}
}

// readsMessages reads a text that consists of protocol buffer fields with the number 1, each a message, as
// traces do.
func readsMessages(d *rehearsal, text []byte) {
	n := 0
	for ; len(text) > 0; n++ {
		number, kind, size := protowire.ConsumeTag(text)
		if number != 1 || kind != protowire.BytesType {
			d.Fatalf("message %d: field %d, type %d", n, number, kind)
		}
		_, whole := protowire.ConsumeBytes(text[size:])
		if whole < 0 {
			d.Fatal(protowire.ParseError(whole))
		}
		text = text[size+whole:]
	}
	if n == 0 {
		d.Error("nothing was sent or written")
	}
}

// The generated files can be read. Package scaffold tests that they build and run.
func inits(d *rehearsal) {
	out := d.exits(usage.ExitValid)
	wrote := regexp.MustCompile(`(?m)^wrote (.*)$`).FindStringSubmatch(out)
	if wrote == nil {
		d.Fatal(out)
	}
	text := d.read(wrote[1])
	switch filepath.Ext(wrote[1]) {
	case ".yaml":
		if x, err := store.ReadExperiment(d.at(wrote[1])); err != nil || x.Recipe == "" {
			d.Errorf("%+v, %v", x, err)
		}
	case ".go":
		if _, err := parser.ParseFile(token.NewFileSet(), wrote[1], text, 0); err != nil {
			d.Error(err)
		}
	case ".py":
		d.prints(text, `^def |^class `)
	default:
		d.Errorf("%s has no reader", wrote[1])
	}
}

// A list has everything that exists, and of stored runs those that are requested.
func lists(d *rehearsal) {
	d.place("violated", "store")
	d.place("compared/sweeps", "store/sweeps")
	out := d.exits(usage.ExitValid)
	switch {
	case strings.HasPrefix(d.line, "zklab list faults"):
		d.prints(out, `^pause +yes`)
	case strings.HasPrefix(d.line, "zklab list subjects"):
		d.prints(out, `^lock +zklab +the recipe of package recipes$`)
	case d.has("--json"):
		var all []struct{ Path, Verdict string }
		if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 3 {
			d.Errorf("%v, %v\n%s", all, err, out)
		}
	default:
		d.prints(out, `^store/lock/\S+ +lock +broken +violation`)
		if strings.Contains(out, "before") {
			d.Errorf("valid sweeps are listed\n%s", out)
		}
	}
}

// A merge sums up the results of its shards, and names missing shards.
func merges(d *rehearsal) {
	if strings.Contains(d.line, "explorations") {
		d.place("explored", "store")
		out := d.exits(usage.ExitValid) // all single faults were tried
		d.prints(out, `no single fault at any of the \d+ points of this scenario breaks a promise`)
		d.prints(d.read("store/explorations/lock/3f70694aa4cfaf8e-of-4/explore.html"), "<html")
		return
	}
	d.place("sharded", "store")
	d.place("sharded/sweeps/lock/3f70694aa4cfaf8e-of-20", "shards")
	d.place("sharded/sweeps/lock/3f70694aa4cfaf8e-of-20/2-of-20", "FOLDER")
	for _, name := range []string{"1-of-20.jsonl.gz", "2-of-20.jsonl.gz"} {
		d.write(name, d.read("shards/"+name))
	}
	if d.exits(usage.ExitUnknown); !d.has("--page") {
		d.words = append(d.words, "--page=sweep.html")
	}
	out := d.exits(usage.ExitUnknown)
	d.prints(out, `^  runs +2: 0 violated, 0 undecided, 2 valid`)
	d.prints(out, `^  absent +shards 3/20,`)
	d.prints(d.read("sweep.html"), "<html")
}

// A report is opened in the browser.
func opens(d *rehearsal) {
	d.place("swept", "store")
	d.place("violated", "store")
	d.write("browser", "#!/bin/sh\necho \"$1\" >opened.new && mv opened.new opened\n")
	d.env = append(d.env, "BROWSER="+d.at("browser"))
	latest, err := os.Readlink(d.at("store/latest"))
	if err != nil {
		d.Fatal(err)
	}
	if err := os.RemoveAll(d.at("store/latest/plots")); err != nil { // as a Go test leaves a run
		d.Fatal(err)
	}
	d.replace(`^lock/2026-01-02T15-04-05.678Z$`, latest)
	out := strings.TrimSpace(d.exits(usage.ExitValid))
	d.prints(d.read(out), "<html")
	if folder, is := strings.CutSuffix(out, "report.html"); is {
		d.prints(d.read(folder+"plots/latency.svg"), "<svg")
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if opened, err := os.ReadFile(d.at("opened")); err == nil {
			d.prints(string(opened), regexp.QuoteMeta(out)+"$")
			return
		} else if !errors.Is(err, fs.ErrNotExist) || time.Now().After(end) {
			d.Fatal(err)
		}
	}
}

// Old runs are removed with --remove, and only listed without it. Failed runs are kept with --keep-failing,
// and new ones always.
func prunes(d *rehearsal) {
	if d.has("--failed-tests") {
		if err := os.MkdirAll(d.at("tmp/zklab-TestLock-1"), 0o755); err != nil {
			d.Fatal(err)
		}
		d.write("tmp/zklab-TestLock-1/.zklab-scratch", "TestLock")
		old := time.Now().Add(-10 * 24 * time.Hour)
		if err := os.Chtimes(d.at("tmp/zklab-TestLock-1/.zklab-scratch"), old, old); err != nil {
			d.Fatal(err)
		}
		d.env = append(d.env, "TMPDIR="+d.at("tmp"))
		d.prints(d.exits(usage.ExitValid), `^removed 1 folder of failed tests`)
		return
	}
	d.place("violated", "store")
	latest, err := os.Readlink(d.at("store/latest"))
	if err != nil {
		d.Fatal(err)
	}
	d.place("violated/"+latest, "store/lock/2020-01-01T00-00-00.000Z")
	d.place("violated/"+latest, "store/lock/"+oldRun)
	d.write("store/lock/"+oldRun+"/result.json", `{"verdict": "valid", "stats": {"operations": 7}}`)
	out := d.exits(usage.ExitValid)
	there := func(path string) bool {
		_, err := os.Stat(d.at(path))
		return err == nil
	}
	if d.has("--remove") {
		d.prints(out, `^removed store/lock/`+oldRun)
	} else {
		d.prints(out, `^would remove store/lock/`+oldRun)
	}
	if there("store/lock/"+oldRun) == d.has("--remove") || !there("store/lock/2020-01-01T00-00-00.000Z") || !there("store/"+latest) {
		d.Errorf("wrong runs are left\n%s", out)
	}
}

// A replayed run has the same history or, if goroutines of this program were scheduled differently, at least
// the same violation.
func replays(d *rehearsal) {
	d.place("violated", "store")
	latest, err := os.Readlink(d.at("store/latest"))
	if err != nil {
		d.Fatal(err)
	}
	d.replace(`^store/lock/.*`, "store/"+latest)
	times := 2
	if i := slices.Index(d.words, "--times"); i > 0 {
		times, _ = strconv.Atoi(d.words[i+1])
	}
	out := d.start("", d.words...).ends(usage.ExitViolation) // a test could not simulate otherwise
	d.prints(out, fmt.Sprintf(`^replays \d+ of %d$`, times))
	if n := len(regexp.MustCompile(`(?m)^\d+ of \d+: violation`).FindAllString(out, -1)); n != times {
		d.Errorf("%d of %d violations\n%s", n, times, out)
	}
}

// A report is written again: the page, the plots and the table of tests.
func reportsAgain(d *rehearsal) {
	d.place("violated", "store")
	latest, err := os.Readlink(d.at("store/latest"))
	if err != nil {
		d.Fatal(err)
	}
	d.replace(`^lock/.*`, latest)
	for _, name := range []string{"report.html", "junit.xml", "plots"} {
		if err := os.RemoveAll(d.at("store/latest/" + name)); err != nil {
			d.Fatal(err)
		}
	}
	d.prints(d.exits(usage.ExitValid), `report.html$`)
	d.prints(d.read("store/latest/report.html"), "VIOLATION|violation")
	d.prints(d.read("store/latest/junit.xml"), "<testsuite")
	d.prints(d.read("store/latest/plots/latency.svg"), "<svg")
}

// A schema is JSON, and names what it describes.
func describesFiles(d *rehearsal) {
	var schema struct {
		Title      string
		Properties map[string]any
	}
	if err := json.Unmarshal([]byte(d.exits(usage.ExitValid)), &schema); err != nil || schema.Title == "" || len(schema.Properties) < 5 {
		d.Errorf("%q, %d properties, %v", schema.Title, len(schema.Properties), err)
	}
}

// The browser shows the store, with the label of its run.
func servesStore(d *rehearsal) {
	d.place("violated", "store")
	d.place("violated", "results")
	d.env = append(d.env, "BROWSER=true")
	d.replace(`^0\.0\.0\.0:8218$`, "0.0.0.0:0")
	if !d.has("--listen") {
		d.words = append(d.words, "--listen=127.0.0.1:0")
	}
	r := d.start("", d.words...)
	address := r.await(`^(http://127\.0\.0\.1:\d+)/$`)[1]
	d.prints(page(d, address+"/"), "wrong") // the label
	r.interrupted()
}

// page returns the body of a server's answer.
func page(d *rehearsal, url string) string {
	d.Helper()
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		d.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		d.Errorf("%s, %v", answer.Status, err)
	}
	return string(text)
}

// A shrunk run is smaller, and still a violation.
func shrinks(d *rehearsal) {
	d.place("swept", "store")
	d.place("violated", "store")
	d.words = append(d.words, "--quiet")
	d.start("", d.words...).ends(usage.ExitViolation)
	run := "store/latest"
	if strings.HasPrefix(d.words[1], "store/") {
		run = d.words[1]
	}
	var before, after store.Result
	for path, r := range map[string]*store.Result{run: &before, run + "/shrunk": &after} {
		if err := json.Unmarshal([]byte(d.read(path+"/result.json")), r); err != nil {
			d.Fatal(err)
		}
	}
	violated := func(v checker.Verdict) bool { return v.Property == "exclusion" && v.Result == checker.Violation }
	if after.Verdict != checker.Violation || !slices.ContainsFunc(after.Verdicts, violated) || after.Stats.Operations >= before.Stats.Operations {
		d.Errorf("%s, %d operations of %d", after.Verdict, after.Stats.Operations, before.Stats.Operations)
	}
}
