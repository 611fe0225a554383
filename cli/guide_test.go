package cli

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/store"
)

// Every command of the guide to faults can run, up to the start of its ensemble, and is long enough for
// all its faults.
func TestGuideToFaults(t *testing.T) {
	page, err := os.ReadFile("../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(page)) {
		command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    zklab run ")
		if !ok {
			continue
		}
		commands++
		stored, err := merged(strings.Fields(command))
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		x, err := experiments.Of(stored, &experiments.Flags{Faults: "from the command line"})
		if err == nil {
			x, err = x.Complete()
		}
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		plan := x.Plan()
		if missed := x.Faults.Missed(plan, x.TimeLimit); len(plan) == 0 || len(missed) > 0 {
			t.Errorf("%s: %d steps, %v", command, len(plan), missed)
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands", commands)
	}

	stored := inGuide(t, string(page), 1)
	drawn, err := experiments.Schedule(stored, &experiments.Flags{})
	if err != nil || len(drawn.Items()) != 3 || stored.FaultInterval != 8*time.Second {
		t.Errorf("%v, %v", drawn, err)
	}
	given, err := experiments.Schedule(inGuide(t, string(page), 2), &experiments.Flags{})
	if err != nil || !given.HasGiven() || len(given.Items()) != 2 {
		t.Errorf("%v, %v", given, err)
	}
}

// inGuide returns the n-th experiment file of a guide.
func inGuide(t *testing.T, page string, n int) store.Experiment {
	t.Helper()
	file, _, _ := strings.Cut(strings.Split(page, "```yaml\n")[n], "```")
	path := t.TempDir() + "/experiment.yaml"
	if err := os.WriteFile(path, []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	stored, err := store.ReadExperiment(path)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// Every command of the guide to external ensembles can run, up to connecting to its ensemble.
func TestGuideToExternal(t *testing.T) {
	page, err := os.ReadFile("../docs/external.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	secureFiles(t)
	const services = "services: {a: {ports: ['2181:2181']}, b: {ports: ['2182:2181']}, c: {ports: ['2183:2181']}}"
	if err := os.WriteFile("docker-compose.yml", []byte(services), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(page)) {
		command, ok := strings.CutPrefix(line, "    zklab run ")
		if !ok {
			continue
		}
		commands++
		stored, err := merged(shellWords(t, command))
		if err == nil {
			_, err = experiments.Of(stored, &experiments.Flags{})
		}
		if err != nil || stored.Nodes != 3 || stored.Ensemble != backend.FromElsewhere {
			t.Errorf("%s: %+v, %v", command, stored, err)
		}
	}
	if commands < 4 {
		t.Errorf("only %d commands", commands)
	}
}

// secureFiles writes the files for TLS and credentials that the guide names.
func secureFiles(t *testing.T) {
	t.Helper()
	cert, key := writeCertificate(t, t.TempDir())
	for name, text := range map[string][]byte{
		"ca.pem": read(t, cert), "me.pem": read(t, cert), "me.key": read(t, key), "credentials": []byte("digest:joe:secret\n"),
	} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("ZK_CREDENTIALS", "sasl:bob:secret")
}

// Every command of the guide to ensembles exists and accepts its flags and values.
func TestGuideToEnsembles(t *testing.T) {
	page, err := os.ReadFile("../docs/ensemble.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(page)) {
		command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    zklab ensemble ")
		if !ok {
			continue
		}
		commands++
		if flags, ok := strings.CutPrefix(command, "up"); ok {
			if _, err := started(strings.Fields(flags)...); err != nil {
				t.Errorf("%s: %v", command, err)
			}
			continue
		}
		cmd, args, err := zklabRoot().Find(append([]string{"ensemble"}, strings.Fields(command)...))
		if err == nil {
			err = cmd.ParseFlags(args)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err != nil || cmd.Name() == "ensemble" {
			t.Errorf("%s: %v", command, err)
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands", commands)
	}
}

// commandGroups lists the sections of docs/commands.md: commands, and the page with more about each.
var commandGroups = []struct {
	title    string
	commands [][2]string
}{
	{"Run and repeat experiments", [][2]string{
		{"init", ""},
		{"run", "results.md"},
		{"replay", "simulation.md#on-the-command-line"},
		{"shrink", "simulation.md#shrinking"},
		{"sweep", "sweeps.md"},
		{"matrix", "matrix.md"},
		{"compare", "compare.md"},
		{"merge", "sweeps.md#on-several-machines"},
		{"explore", "simulation.md#every-message"},
	}},
	{"Read results", [][2]string{
		{"check", "foreign-histories.md"},
		{"report", "gallery.md"},
		{"export", "export.md"},
		{"list", "results.md#zklab-list-runs---json"},
		{"schema", ""},
		{"serve", "serve.md"},
		{"open", "serve.md#open-one-report"},
	}},
	{"Work with ensembles", [][2]string{
		{"ensemble up", "ensemble.md"},
		{"ensemble ps", "ensemble.md#an-ensemble-in-the-background"},
		{"ensemble down", ""},
		{"ensemble kill", "ensemble.md#stop-and-start-servers-from-outside"},
		{"ensemble stop", ""},
		{"ensemble start", ""},
		{"ensemble pause", ""},
		{"ensemble resume", ""},
		{"ensemble expire", "ensemble.md#end-sessions-from-outside"},
		{"ensemble status", "ensemble.md#the-status-of-any-ensemble"},
		{"ensemble check", "live.md"},
		{"conform servers", "conform.md"},
		{"ensemble compose", "ensemble.md#files-for-ensembles-of-apache-zookeeper"},
		{"ensemble config", ""},
		{"shell", "shell.md"},
		{"monitor", "monitor.md"},
	}},
	{"Locks, leaders and services for any program", [][2]string{
		{"lock", "locks.md"}, {"elect", "locks.md"}, {"register", "services.md"}, {"discover", "services.md"},
	}},
	{"Connect programs", [][2]string{
		{"conform", "adapters.md#checking-an-adapter"}, {"worker", "adapters.md"}, {"overlay", "simulation.md#what-makes-a-run-the-same-again"},
	}},
	{"Keep house", [][2]string{
		{"doctor", ""}, {"image build", "containers.md#the-image"}, {"clean", ""}, {"prune", ""}, {"completion", "completion.md"},
	}},
}

// commandTables returns the sections of the page, made from the commands' own descriptions.
func commandTables(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	root := zklabRoot()
	named := map[*cobra.Command]bool{}
	for i, g := range commandGroups {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "## %s\n\n| command | what it does | more |\n|---|---|---|\n", g.title)
		for _, c := range g.commands {
			cmd, rest, err := root.Find(strings.Fields(c[0]))
			if err != nil || len(rest) > 0 {
				t.Fatalf("no command %s: %v", c[0], err)
			}
			named[cmd] = true
			more := ""
			if c[1] != "" {
				page, _, _ := strings.Cut(c[1], "#")
				more = "[" + page + "](" + c[1] + ")"
			}
			about, _, _ := strings.Cut(cmd.Short, "; SERVER is")
			use := strings.TrimSuffix(strings.ReplaceAll(cmd.UseLine(), " [flags]", ""), " ")
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(use, "|", "\\|"), about, more)
		}
	}
	for _, parent := range []*cobra.Command{root, mustFind(t, root, "ensemble"), mustFind(t, root, "conform")} {
		for _, cmd := range parent.Commands() {
			if !cmd.Hidden && cmd.Name() != "help" && !cmd.HasSubCommands() && !named[cmd] {
				t.Errorf("commandGroups lacks %s", cmd.CommandPath())
			}
		}
	}
	return b.String()
}

func mustFind(t *testing.T, root *cobra.Command, name string) *cobra.Command {
	t.Helper()
	cmd, _, err := root.Find([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// exitCodeTable returns a table made from the comments of the constants in package usage.
func exitCodeTable(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "internal/usage/exit.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	table := "| code | meaning |\n|---|---|\n"
	for _, d := range file.Decls {
		consts, ok := d.(*ast.GenDecl)
		if !ok || consts.Tok != token.CONST {
			continue
		}
		for _, s := range consts.Specs {
			s := s.(*ast.ValueSpec)
			if !strings.HasPrefix(s.Names[0].Name, "Exit") || s.Doc.Text() == "" {
				t.Fatalf("%s is no exit code with a comment", s.Names[0].Name)
			}
			table += fmt.Sprintf("| %s | %s |\n", s.Values[0].(*ast.BasicLit).Value, strings.Join(strings.Fields(s.Doc.Text()), " "))
		}
	}
	return table
}

// docs/commands.md has every command with its own description, and every exit code.
func TestGuideToCommands(t *testing.T) {
	text, err := os.ReadFile("../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for name, made := range map[string]string{"commands": commandTables(t), "exit codes": exitCodeTable(t)} {
		begin, end := "<!-- "+name+": make guide -->\n", "<!-- end of "+name+" -->\n"
		before, rest, _ := strings.Cut(page, begin)
		shown, after, found := strings.Cut(rest, end)
		switch {
		case !found:
			t.Fatalf("no part for the %s", name)
		case *update:
			page = before + begin + made + end + after
		case made != shown:
			t.Errorf("the code says something else of the %s (make guide writes it):\n%s", name, cmp.Diff(shown, made))
		}
	}
	if *update {
		if err := os.WriteFile("../docs/commands.md", []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Every command of the questions and answers exists and accepts its flags and values; simulated runs reach a verdict.
func TestFrequentlyAsked(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/faq.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(page)) {
		command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    zklab ")
		if !ok {
			continue
		}
		commands++
		args := shellWords(t, command)
		if strings.Contains(command, " --simulate") {
			if out, err := exec.Command("zklab", append(args, "--quiet", "--out", t.TempDir())...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
			continue
		}
		cmd, rest, err := zklabRoot().Find(args)
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err == nil && cmd.Name() == "run" {
			var stored store.Experiment
			if stored, err = merged(args[1:]); err == nil {
				_, err = experiments.Of(stored, &experiments.Flags{})
			}
		}
		if err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
	if commands < 6 {
		t.Errorf("only %d commands", commands)
	}
	_, table, _ := strings.Cut(string(page), "| the recipe | faults |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(table, -1)
	for _, fault := range names {
		stored, err := merged([]string{"lock", "--faults", fault[1]})
		if err == nil {
			_, err = experiments.Schedule(stored, &experiments.Flags{})
		}
		if err != nil {
			t.Errorf("%s: %v", fault[1], err)
		}
	}
	if len(names) < 20 {
		t.Errorf("only %d faults", len(names))
	}
}

// shellWords splits a command into words as a shell does.
func shellWords(t *testing.T, command string) []string {
	t.Helper()
	words, err := exec.Command("sh", "-c", `for word in `+strings.TrimSpace(command)+`; do printf '%s\n' "$word"; done`).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(words)), "\n")
}

// Every experiment of these pages can run, up to the start of its ensemble.
func TestGuideToExperiments(t *testing.T) {
	commands := 0
	for _, path := range []string{"../README.md", "../docs/commands.md", "../docs/containers.md"} {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(page)) {
			_, command, ok := strings.Cut(strings.TrimRight(line, "\n"), "zklab run ")
			if !ok || !strings.HasPrefix(line, "    ") {
				continue
			}
			commands++
			stored, err := merged(strings.Fields(command))
			if err == nil {
				_, err = experiments.Of(stored, &experiments.Flags{})
			}
			if err != nil {
				t.Errorf("%s: %s: %v", path, command, err)
			}
		}
	}
	if commands < 9 {
		t.Errorf("only %d commands", commands)
	}
}
