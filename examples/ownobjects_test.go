package examples

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The examples of recipes that zklab does not know show the mistake that they plant: the command on their page
// prints the story below it.
func TestStoriesOfOwnObjects(t *testing.T) {
	for _, name := range []string{"bank", "idgenerator", "lease", "ratelimiter", "reentrantlock"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := page(t, name+"/README.md")
			command := regexp.MustCompile(`(?m)^    (CARELESS=1 .*)$`).FindStringSubmatch(text)
			if command == nil {
				t.Fatal("the page does not say how the mistake is shown")
			}
			variables, arguments, _ := strings.Cut(command[1], " go ")
			cmd := exec.CommandContext(t.Context(), "go", append(strings.Fields(arguments), "-count=1", "-vet=off")...)
			cmd.Dir = name
			cmd.Env = append(os.Environ(), append(strings.Fields(variables), "GOWORK=off", "TMPDIR="+t.TempDir())...)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("%s passes\n%s", command[1], out)
			}
			printed := shape(string(out))
			for part := range strings.SplitSeq(story(t, text, command[0]), "…\n") {
				_, after, found := strings.Cut(printed, shape(part))
				if !found {
					t.Fatalf("%s does not print\n%s\nbut\n%s", command[1], part, out)
				}
				printed = after
			}
		})
	}
}

// story returns the indented text that follows a command.
func story(t *testing.T, text, command string) string {
	t.Helper()
	_, text, _ = strings.Cut(text, command+"\n")
	block := regexp.MustCompile(`(?m)(?:^(?:    .*)?\n)*^    .*\n`).FindString(text)
	if !strings.Contains(block, "client ") {
		t.Fatalf("no story follows %s", command)
	}
	return block
}

// shape leaves out of a story what differs between machines and versions: sessions, names of znodes, times,
// line breaks and drawings.
func shape(text string) string {
	text = differs.ReplaceAllString(text, "#")
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "…", " ")), " ")
}

var differs = regexp.MustCompile(`0x[0-9a-f]+|\b[A-Z2-7]{26}\b|\d+(\.\d+)?|(?m:^ +(client|at once|faults) .*[├┤━░█].*$)`)
