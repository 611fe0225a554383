package shell

import (
	"os"
	"strings"
	"testing"
)

// The guide has all commands, as they are declared, and its example runs as it stands.
func TestGuide(t *testing.T) {
	page, err := os.ReadFile("../../docs/shell.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "|---|---|\n"+Table()+"\n") {
		t.Errorf("its table of commands is to be\n%s", Table())
	}
	_, example, _ := strings.Cut(string(page), "```zklab\n")
	example, _, _ = strings.Cut(example, "```")
	virtually(t, func(b *bench) {
		if err := b.Script(b.ctx, "example", strings.NewReader(example)); err != nil || strings.Count(example, "\n") < 10 {
			t.Error(err)
		}
	})
	// What stands in for a command of zkCli.sh is a command that there is.
	_, table, _ := strings.Cut(string(page), "| zkCli.sh | here |\n|---|---|\n")
	rows := 0
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) != 4 {
			break
		}
		rows++
		line := strings.Trim(strings.ReplaceAll(cells[2], `\`, ""), " `")
		all, err := statements(line)
		if err != nil || len(all) == 0 {
			t.Errorf("%s: %v", line, err)
			continue
		}
		for _, words := range all {
			c, n, err := lookup(words)
			if err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
			var args []string
			for _, w := range words[n:] {
				args = append(args, w.text)
			}
			f := c.flagSet()
			c.bindAny(f)
			if _, err := c.parse(f, args); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	if rows < 15 {
		t.Errorf("only %d rows", rows)
	}
}
