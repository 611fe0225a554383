package command

import (
	"fmt"
	"os"
	"strings"
)

// Marks are the lines around the text that a target of the Makefile writes into a page.
func Marks(target string) (begins, ends string) {
	return "<!-- made by make " + target + " -->\n", "<!-- end of what make " + target + " makes -->"
}

// WriteInto replaces the text between the marks of a target in a page.
func WriteInto(file, target, text string) error {
	begins, ends := Marks(target)
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), begins)
	_, after, whole := strings.Cut(rest, ends)
	if !ok || !whole {
		return fmt.Errorf("%s has no marks for the table: %s and %s", file, strings.TrimSpace(begins), ends)
	}
	return os.WriteFile(file, []byte(before+begins+text+ends+after), 0o644)
}

// Publish prints a text, or puts it into a page, if one is named: see [WriteInto].
func Publish(file, target, text string) error {
	if file != "" {
		return WriteInto(file, target, text)
	}
	_, err := os.Stdout.WriteString(text)
	return err
}
