package shell

import (
	"context"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/client"
)

func guide(t *testing.T) string {
	t.Helper()
	page := must.Get(os.ReadFile("../../../docs/shell.md"))(t)
	return string(page)
}

// The examples of the guide run unchanged.
func TestGuide(t *testing.T) {
	page := guide(t)
	virtually(t, func(b *bench) {
		t.Chdir(t.TempDir())
		b.Other = func(context.Context, string) (*client.Client, error) { return b.client(), nil }
		examples := regexp.MustCompile("(?s)```zklab\n(.*?)```").FindAllStringSubmatch(page, -1)
		for _, example := range examples {
			if err := b.Script(b.ctx, "example", strings.NewReader(example[1])); err != nil {
				t.Error(err)
			}
		}
		if len(examples) != 4 {
			t.Errorf("%d examples", len(examples))
		}
		format := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(page)
		if format == nil || os.WriteFile("format.json", []byte(format[1]), 0o600) != nil {
			t.Fatal("there is no example of the format")
		}
		b.script("import --ephemerals format.json /format; tree /format\n> /format\n> bytes\n> lock .ephemeral.")
		b.script("rm /format/lock; import --ephemerals format.json /format")
		all := must.Get(readExport("format.json"))(t)
		if text, err := encodeExport(all); err != nil || string(text) != format[1] {
			t.Errorf("%v: an export of it is\n%s", err, text)
		}
	})
}

// Commands that the guide passes to zklab shell exist.
func TestGuideToScripts(t *testing.T) {
	n := 0
	for _, m := range regexp.MustCompile(`(?m)^    zklab shell .*$`).FindAllString(guide(t), -1) {
		for _, c := range regexp.MustCompile(`-c '([^']*)'`).FindAllStringSubmatch(m, -1) {
			isCommand(t, c[1])
			n++
		}
	}
	if n < 5 {
		t.Errorf("only %d commands", n)
	}
}

// isCommand checks that the commands of a line exist, and take its flags and arguments.
func isCommand(t *testing.T, line string) {
	t.Helper()
	all, err := statements(line)
	if err != nil || len(all) == 0 {
		t.Errorf("%s: %v", line, err)
		return
	}
	for _, words := range all {
		c, args, err := lookup(texts(words))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		f, _ := c.flags()
		if _, err := c.parse(f, args); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// zkCli lists the commands of zkCli.sh 3.9 (CliCommand and ZooKeeperMain).
var zkCli = strings.Fields(`addWatch addauth close config connect create delete deleteall delquota get getAcl
	getAllChildrenNumber getEphemerals history listquota ls printwatches quit reconfig redo removewatches set setAcl
	setquota stat sync version whoami`)

// Each command of zkCli.sh has a row with an existing command that replaces it, or with an explanation.
func TestGuideForThoseWhoKnowZkCli(t *testing.T) {
	_, table, _ := strings.Cut(guide(t), "| zkCli.sh | here |\n|---|---|\n")
	named, untold := make(map[string]bool), maps.Clone(ofZkCli)
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) != 4 {
			break
		}
		theirs, here := strings.Trim(cells[1], " `"), strings.TrimSpace(cells[2])
		name := strings.Fields(theirs)[0]
		named[name] = true
		if told := ofZkCli[name]; strings.HasPrefix(here, "`"+told) {
			delete(untold, name)
		}
		if line, ok := strings.CutPrefix(here, "`"); ok && strings.Count(here, "`") == 2 {
			isCommand(t, strings.TrimSuffix(line, "`"))
		}
	}
	if got := slices.Sorted(maps.Keys(named)); !slices.Equal(got, slices.Sorted(slices.Values(zkCli))) {
		t.Errorf("rows of %q, want %q", got, zkCli)
	}
	if len(untold) > 0 {
		t.Errorf("an error says otherwise than the table: %v", untold)
	}
}
