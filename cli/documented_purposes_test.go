package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/testkit/must"
)

// purposes has a function for each command of zklab. The function performs a documented line of the command,
// with servers, files and programs in place of the reader's, and fails the test unless the command serves its
// purpose.
var purposes = map[string]func(*rehearsal){
	"run": byExperiments, "sweep": byExperiments,
	"init": inits, "replay": replays, "shrink": shrinks, "compare": compares, "matrix": setsSideBySide, "merge": merges, "explore": explores,
	"check": checks, "report": reportsAgain, "export": exports, "list": lists, "schema": describesFiles, "serve": servesStore, "open": opens,
	"ensemble up": servesClients, "ensemble ps": listsEnsembles, "ensemble down": endsEnsemble,
	"ensemble kill": controls(nil, "down"), "ensemble stop": controls(nil, "down"), "ensemble pause": controls(nil, "paused"),
	"ensemble start":  controls([]string{"ensemble", "kill"}, ""),
	"ensemble resume": controls([]string{"ensemble", "pause"}, ""),
	"ensemble expire": expires, "ensemble status": tellsStatus, "ensemble check": watches, "ensemble compose": composes, "ensemble config": configures,
	"conform servers": findsNothingWrong,
	"shell":           runsLines, "monitor": monitors,
	"lock": locks, "elect": locks, "register": registers, "discover": discovers,
	"conform": byConformance, "doctor": examines, "image build": buildsImage, "clean": findsLeftovers, "prune": prunes, "overlay": overlays, "completion": offersCompletion, "help": helps,
}

// unperformed lists the documented lines that no hermetic test performs unchanged, each with the reason.
var unperformed = map[string]string{
	"zklab clean":                                      "looks for containers: ensemble.txtar, by make test-real",
	"zklab clean --remove":                             "removes containers: ensemble.txtar, by make test-real",
	"zklab clean --undo":                               "runs what killed runs of this user noted: managed.txtar",
	"zklab image build":                                "needs packages of Debian: make image builds from the same files",
	"zklab image build --suite bookworm":               "needs packages of Debian: make image builds from the same files",
	"zklab ensemble up --ensemble container --nodes 1": "needs containers: detached.txtar, by make test-real",
	"zklab shell zk1.example:2281 --tls-ca ca.pem":     "needs certificates: TestShellTLS",
	"zklab shell zk1.example:2281 --tls-ca ca.pem --tls-cert me.pem --tls-key me.key":                                                                            "needs certificates: TestShellTLS",
	"zklab conform --object tickets.yaml 'python3 tickets.py'":                                                                                                   "needs Python: TestRealTickets",
	"zklab run --object tickets.yaml --subject-command 'python3 tickets.py' --faults expire,freeze,crash --fault-interval 3s":                                    "needs Python: TestRealTickets",
	"zklab sweep --object tickets.yaml --subject-command 'python3 tickets.py' --faults all --seeds 1..20":                                                        "needs Python: TestRealTickets",
	"zklab run --object examples/kazoo/lockingqueue.yaml --subject-command 'python3 examples/kazoo/adapter.py'":                                                  "needs kazoo: examples/kazoo, by make test-real",
	`zklab run election --subject-command "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp bin:$JARS Adapter"`:                                                 "needs Java: examples/curator, by make test-real",
	"zklab run lock --subject-command bin/lock --faults expire,freeze,crash,kill:leader --session-timeout 2s":                                                    "needs ZooKeeper's library for C: examples/c, by make test-real",
	"zklab run lock --simulate --subject go-zookeeper --clients-as process --clients 3 --ops 3 … --faults 'lose-reply@client1/acquire#1/getChildren#1/reply+1s'": "is cut short on the page: explore.txtar",
	"zklab run lock --subject zklab --clients 1 --keys 1 --rate 2000 --op-timeout 1m --time-limit 5s --faults none --simulate --seed 1 --out herd --quiet":       "is for figures, and of its first run, with one client, nothing is decided",
}

// byExperiments marks commands that TestDocumentedExperiments performs.
func byExperiments(*rehearsal) {}

// byConformance marks commands that TestDocumentedConformance performs.
func byConformance(*rehearsal) {}

// Each documented check of an adapter passes. The checks wait most of the time, so they run in parallel.
func TestDocumentedConformance(t *testing.T) {
	t.Parallel()
	all := slices.DeleteFunc(experimentsOf(t, "conform"), func(c docCommand) bool { return isConformServers(shellWords(t, c.line)[1:]) })
	for _, c := range all {
		t.Run(c.place, func(t *testing.T) {
			t.Parallel()
			conforms(&rehearsal{T: t, docCommand: c, words: shellWords(t, c.line)[1:], in: t.TempDir()})
		})
	}
	if len(all) < 4 {
		t.Errorf("only %d commands", len(all))
	}
}

// isConformServers reports whether a command is about servers, and not about an adapter.
func isConformServers(words []string) bool { return words[0] == "conform" && words[1] == "servers" }

// An adapter is checked, and passes.
func conforms(d *rehearsal) {
	d.replace(`^python3 .*`, "zklab worker")
	if d.words[len(d.words)-2] == "python3" {
		d.words = append(d.words[:len(d.words)-2], "zklab", "worker")
	}
	if !d.has("--recipe") {
		d.insert("--recipe=lock") // all recipes would take a minute
	}
	out := d.start("", d.words...).ends(usage.ExitValid)
	d.prints(out, `^lock +normal +ok `)
}

// Embedded servers need nothing of the machine.
func examines(d *rehearsal) {
	d.env = append(d.env, "DOCKER_HOST=tcp://127.0.0.1:1")
	codes := []int{usage.ExitValid}
	if d.has("--ensemble") {
		codes = []int{usage.ExitFailed} // no engine answers
	}
	d.prints(d.exits(codes...), `^ok +embedded `)
}

// The script is available without a clone, and tells what it lacks: here no engine answers.
func buildsImage(d *rehearsal) {
	d.env = append(d.env, "DOCKER_HOST=tcp://127.0.0.1:1")
	d.exits(usage.ExitFailed)
}

// The output is a script for the shell, which asks zklab for completions of a line.
func offersCompletion(d *rehearsal) {
	d.prints(d.exits(usage.ExitValid), map[string]string{
		"bash": `^complete .*-F _zklab zklab`, "zsh": `^#compdef zklab`, "fish": `^complete -c zklab`, "powershell": `Register-ArgumentCompleter`,
	}[d.words[1]])
}

// The printed flag names a file in the folder.
func overlays(d *rehearsal) {
	d.prints(d.exits(usage.ExitValid), `^-overlay=\S+/overlay/overlay\.json$`)
	d.prints(d.read("overlay/overlay.json"), `runtime/select\.go`)
}

// The help of a command has its flags.
func helps(d *rehearsal) { d.prints(d.exits(usage.ExitValid), `^ +--seed `) }

// variables has values for the variables of documented lines.
var variables = strings.NewReplacer("$SERVERS", "127.0.0.1:2181", "$ZNODE", ephemeral)

// form returns what a line has in common with those that need not be performed after it: the command, its flags, and the
// class of each value and argument. A znode is a class, and so are addresses, the program after "--", the values of a flag
// that takes numbers, durations or any word, and shell commands with the same name. Each other word is a class
// of its own, whatever numbers are in it.
func form(t *testing.T, words []string) string {
	t.Helper()
	cmd, rest, err := zklabRoot().Find(words)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err != nil {
		t.Fatal(err)
	}
	parts := []string{cmd.CommandPath()}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		class := f.Value.Type()
		switch {
		case f.Name == "command":
			lines, _ := cmd.Flags().GetStringArray(f.Name)
			for _, line := range lines {
				class += " " + strings.Fields(line)[0]
			}
		case class == "bool", strings.HasPrefix(class, "string") && !slices.Contains(anyWord, f.Name):
			class = wordClass(f.Value.String())
		}
		parts = append(parts, "--"+f.Name+" "+class)
	})
	args := cmd.Flags().Args()
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		args = append(args[:n:n], "--")
	}
	for _, arg := range args {
		parts = append(parts, wordClass(arg))
	}
	return strings.Join(parts, "\n")
}

// anyWord lists the flags that take any word, and do the same whatever the word is.
var anyWord = []string{"out", "output", "label", "page", "name", "advertise", "hosts", "id"}

var (
	addresses = regexp.MustCompile(documentedServers)
	digits    = regexp.MustCompile(`\d+`)
)

// wordClass returns the class of a word, whatever it is for.
func wordClass(word string) string {
	if strings.HasPrefix(word, "/") {
		return "ZNODE"
	}
	return digits.ReplaceAllString(addresses.ReplaceAllString(word, "SERVERS"), "0")
}

// Each documented command serves its purpose when its line is performed. Of lines with the same form, the first is performed;
// TestDocumentedCommands parses all.
func TestDocumentedPurposes(t *testing.T) {
	t.Parallel()
	checkout := must.Get(filepath.Abs(".."))(t)
	tmp, err := os.MkdirTemp("", "zc") // the paths of t.TempDir are too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	stores := newStores(t)
	seen, performed := map[string]bool{}, map[string]bool{}
	for _, c := range docCommands(t) {
		if seen[c.line] || unperformed[c.line] != "" {
			seen[c.line] = true
			continue
		}
		seen[c.line] = true
		words := shellWords(t, variables.Replace(c.line))[1:]
		purpose := purposes[words[0]]
		if words[0] == "ensemble" || isConformServers(words) {
			purpose = purposes[strings.Join(words[:2], " ")]
		}
		if purpose == nil {
			t.Errorf("%s: purposes has no function for the command of %s", c.place, c.line)
			continue
		}
		switch {
		case words[0] == "run", words[0] == "sweep": // TestDocumentedExperiments
			continue
		case words[0] == "conform" && !isConformServers(words): // TestDocumentedConformance
			continue
		case words[0] == "check" && strings.Contains(c.line, "docs/checking/"): // TestGuideToChecking
			continue
		}
		f := form(t, words)
		if performed[f] {
			continue
		}
		performed[f] = true
		t.Run(c.place, func(t *testing.T) {
			t.Parallel()
			d := &rehearsal{T: t, docCommand: c, words: words, stores: stores, checkout: checkout, in: t.TempDir()}
			own := must.Get(os.MkdirTemp(tmp, ""))(t)
			d.env = []string{"TMPDIR=" + own, "XDG_RUNTIME_DIR="} // no command finds the ensembles of others
			purpose(d)
		})
	}
	for line := range unperformed {
		if !seen[line] {
			t.Errorf("%s is not documented any more", line)
		}
	}
	if len(performed) < 100 {
		t.Errorf("only %d commands", len(performed))
	}
}
