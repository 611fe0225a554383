package scaffold

import (
	"os"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// The generated Java adapter implements the protocol with the same lines as the adapter for all of Curator's
// recipes: whoever fixes one must fix both.
func TestJavaAdaptersSpeakAlike(t *testing.T) {
	text := must.Get(os.ReadFile("../../../examples/curator/Adapter.java"))(t)
	begun, whole := string(javaAdapter), string(text)
	for _, begins := range []string{
		"static final PrintStream OUT =",
		"static Thread daemon(",
		"static final class NoEffect",
		"Request(JsonNode line) {",
		"synchronized void cancel() {",
		"synchronized boolean isCancelled() {",
		"synchronized void begin() ",
		"synchronized void end() {",
		"static void say(",
		"public static void main(",
	} {
		here, there := member(begun, begins), member(whole, begins)
		switch {
		case here == "" || there == "":
			t.Errorf("%s is not in both adapters", begins)
		case here != there:
			t.Errorf("it begins with\n%s\n\nand examples/curator/Adapter.java has\n%s", here, there)
		}
	}
	// Both read requests in the same way, up to the requests that they handle with their own objects.
	const until = `case "quit":`
	reads := "private void read(String line) {"
	here, _, _ := strings.Cut(member(begun, reads), until)
	there, _, _ := strings.Cut(member(whole, reads), until)
	if here == "" || here != there {
		t.Errorf("it reads a request by\n%s\n\nand examples/curator/Adapter.java by\n%s", here, there)
	}
}

// member returns the member of a Java class that begins with a text: one line, or all lines up to the closing
// brace in the same column.
func member(class, begins string) string {
	lines := strings.Split(class, "\n")
	for i, line := range lines {
		text := strings.TrimLeft(line, " ")
		if !strings.HasPrefix(text, begins) {
			continue
		}
		if !strings.HasSuffix(line, "{") {
			return line
		}
		end := strings.Repeat(" ", len(line)-len(text)) + "}"
		for j := i; j < len(lines); j++ {
			if lines[j] == end {
				return strings.Join(lines[i:j+1], "\n")
			}
		}
	}
	return ""
}
