package root

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
)

// This file gives every command wrong inputs. The commands and their flags come from the command tree,
// so a new flag is tried automatically.

// command tells how a command is tried: with arguments that lead to an error, or to another end, after
// all flags were checked and before anything begins.
type command struct {
	args  []string
	code  int
	after []string // arguments after the flags
}

// commands returns all commands that a user can call, by their paths. taken is an address that is already in
// use.
func commands(taken string) map[string]command {
	return map[string]command{
		"zklab":                  {nil, usage.ExitValid, nil},
		"zklab help":             {[]string{"help"}, usage.ExitValid, nil},
		"zklab run":              {[]string{"run", "lock", "--out", "file"}, usage.ExitFailed, nil},
		"zklab sweep":            {[]string{"sweep", "lock", "--out", "file"}, usage.ExitFailed, nil},
		"zklab matrix":           {[]string{"matrix", "lock", "--on", "embedded", "--out", "file"}, usage.ExitFailed, nil},
		"zklab explore":          {[]string{"explore", "lock", "--faults", "pause"}, usage.ExitUsage, nil},
		"zklab merge":            {[]string{"merge", "nowhere"}, usage.ExitFailed, nil},
		"zklab compare":          {[]string{"compare", "nowhere", "here"}, usage.ExitFailed, nil},
		"zklab export":           {[]string{"export", "nowhere"}, usage.ExitFailed, nil},
		"zklab shrink":           {[]string{"shrink", "nowhere"}, usage.ExitFailed, nil},
		"zklab replay":           {[]string{"replay", "nowhere"}, usage.ExitFailed, nil},
		"zklab check":            {[]string{"check", "nowhere"}, usage.ExitFailed, nil},
		"zklab report":           {[]string{"report", "nowhere"}, usage.ExitFailed, nil},
		"zklab serve":            {[]string{"serve", "--out", "nowhere", "--listen", taken}, usage.ExitFailed, nil},
		"zklab open":             {[]string{"open", "nowhere"}, usage.ExitFailed, nil},
		"zklab list":             {[]string{"list", "runs"}, usage.ExitValid, nil},
		"zklab doctor":           {[]string{"doctor"}, usage.ExitValid, nil},
		"zklab prune":            {[]string{"prune", "--older-than", "30d"}, usage.ExitValid, nil},
		"zklab clean":            {[]string{"clean"}, usage.ExitFailed, nil},
		"zklab image":            {[]string{"image"}, usage.ExitValid, nil},
		"zklab image build":      {[]string{"image", "build", "--suite", "sid"}, usage.ExitUsage, nil},
		"zklab overlay":          {[]string{"overlay", "--dir", "file"}, usage.ExitFailed, nil},
		"zklab init":             {[]string{"init", "--out", "file"}, usage.ExitFailed, nil},
		"zklab schema":           {[]string{"schema", "experiment"}, usage.ExitValid, nil},
		"zklab ensemble":         {[]string{"ensemble"}, usage.ExitValid, nil},
		"zklab ensemble up":      {[]string{"ensemble", "up", "--listen", taken}, usage.ExitFailed, nil},
		"zklab ensemble ps":      {[]string{"ensemble", "ps"}, usage.ExitValid, nil},
		"zklab ensemble down":    {[]string{"ensemble", "down"}, usage.ExitFailed, nil},
		"zklab ensemble config":  {[]string{"ensemble", "config", "--out", "file"}, usage.ExitFailed, nil},
		"zklab ensemble compose": {[]string{"ensemble", "compose", "--out", "file"}, usage.ExitFailed, nil},
		"zklab ensemble kill":    {[]string{"ensemble", "kill", "leader"}, usage.ExitFailed, nil},
		"zklab ensemble pause":   {[]string{"ensemble", "pause", "leader"}, usage.ExitFailed, nil},
		"zklab ensemble resume":  {[]string{"ensemble", "resume", "leader"}, usage.ExitFailed, nil},
		"zklab ensemble stop":    {[]string{"ensemble", "stop", "leader"}, usage.ExitFailed, nil},
		"zklab ensemble start":   {[]string{"ensemble", "start", "leader"}, usage.ExitFailed, nil},
		"zklab ensemble status":  {[]string{"ensemble", "status", "a:1/chroot"}, usage.ExitUsage, nil},
		"zklab ensemble check":   {[]string{"ensemble", "check", "127.0.0.1:1", "--out", "file"}, usage.ExitFailed, nil},
		"zklab ensemble expire":  {[]string{"ensemble", "expire", "/a", "--servers", "127.0.0.1:1", "--timeout", "50ms"}, usage.ExitFailed, nil},
		"zklab shell":            {[]string{"shell", "a:b", "--command", "ls /"}, usage.ExitUsage, nil},
		"zklab monitor":          {[]string{"monitor", "a:b"}, usage.ExitUsage, nil},
		"zklab lock":             {[]string{"lock", "/a", "--servers", "127.0.0.1:1", "--connect-timeout", "50ms"}, usage.ExitFailed, []string{"--", "true"}},
		"zklab elect":            {[]string{"elect", "/a", "--servers", "127.0.0.1:1", "--connect-timeout", "50ms"}, usage.ExitFailed, []string{"--", "true"}},
		"zklab register":         {[]string{"register", "/a", "--address", "a:1", "--servers", "127.0.0.1:1", "--connect-timeout", "50ms"}, usage.ExitFailed, []string{"--", "true"}},
		"zklab discover":         {[]string{"discover", "/a", "--servers", "127.0.0.1:1", "--connect-timeout", "50ms"}, usage.ExitFailed, nil},
		"zklab worker":           {[]string{"worker"}, usage.ExitValid, nil},
		"zklab conform":          {[]string{"conform"}, usage.ExitViolation, []string{"./nowhere"}},
		"zklab conform servers":  {[]string{"conform", "servers", "127.0.0.1:1", "--timeout", "50ms"}, usage.ExitFailed, nil},
		"zklab completion":       {[]string{"completion", "bash"}, usage.ExitValid, nil},
	}
}

// These are the values that flags may have, by name, because a name means the same for all commands. Whether
// a setting may be zero is declared by its knob.
var (
	zeroIsFine       = []string{"min-load", "seed", "observers", "max-client-cnxns", "until-violations", "count", "timeout"}
	anyWordIsFine    = []string{"out", "output", "label", "page", "image", "upgrade-to", "advertise", "name", "hosts", "subject-command", "command", "property", "initial", "nil", "columns", "id", "recipe", "resume-command", "pause-command", "kill-command", "stop-command", "start-command", "where-command"}
	foldersAreWanted = []string{"data", "dir"}
	filesAreWanted   = []string{"config", "object", "file", "tls-ca", "tls-cert", "tls-key", "tls-client-ca"}
)

// answer is the outcome of a command line.
type answer struct {
	code           int
	stdout, stderr string
}

func answerTo(args ...string) answer {
	var stdout, stderr bytes.Buffer
	code := Execute(specimens.Catalog{}, append([]string{}, args...), &stdout, &stderr) // cobra takes nil for the arguments of this process
	return answer{code, stdout.String(), stderr.String()}
}

// oneLine reports whether the answer is only an error that people can read.
func (a answer) oneLine() bool {
	return strings.HasPrefix(a.stderr, "error: ") && strings.Count(a.stderr, "\n") == 1 && strings.HasSuffix(a.stderr, "\n") &&
		len(a.stderr) < 5000 && a.stdout == "" && !strings.ContainsFunc(a.stderr, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f })
}

// stage makes a folder with the files that commands are given, and hides everything else of this
// machine from them.
func stage(t *testing.T) (taken string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("TMPDIR", t.TempDir()) // zklab clean looks there
	t.Setenv("ZKLAB_IMAGE", "")
	for name, text := range map[string]string{"file": "", "garbage": "\x00\xff\x1b[31m: [{", "folder/file": ""} {
		must.Do(t, os.MkdirAll(filepath.Dir(name), 0o755))
		must.Do(t, os.WriteFile(name, []byte(text), 0o600))
	}
	l := must.Get(net.Listen("tcp", backend.Loopback+":0"))(t)
	t.Cleanup(func() {
		l.Close()
		names, _ := filepath.Glob("*")
		if want := []string{"file", "folder", "garbage"}; !slices.Equal(names, want) {
			t.Errorf("left behind: %q", names)
		}
	})
	return l.Addr().String()
}

// visibleFlags lists the flags of a command in its help.
func visibleFlags(cmd *cobra.Command) (all []*pflag.Flag) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" && f.Name != "version" {
			all = append(all, f)
		}
	})
	return all
}

// visibleCommands lists the commands that a user can call, by their path.
func visibleCommands() map[string]*cobra.Command {
	all := map[string]*cobra.Command{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		all[cmd.CommandPath()] = cmd
		for _, c := range cmd.Commands() {
			if !c.Hidden {
				walk(c)
			}
		}
	}
	walk(New(specimens.Catalog{}, new(bool)))
	return all
}

// mayBeZero reports whether a flag takes a zero: a setting whose default is zero, a flag whose help says what 0 means, or
// one of zeroIsFine.
func mayBeZero(f *pflag.Flag) bool {
	for _, k := range settings.Knobs {
		if usual := settings.Usual(); k.Name() == f.Name && reflect.ValueOf(k.Field(&usual)).Elem().IsZero() {
			return k.Problem(usual) == ""
		}
	}
	return strings.Contains(f.Usage, "; 0: ") || slices.Contains(zeroIsFine, f.Name)
}

// input is a value of a flag with the required outcome.
type input struct {
	class, value string
	codes        []int // the allowed exit codes of an error
	fine         bool  // the value may also be accepted
}

// inputs lists the wrong inputs of a flag.
func inputs(f *pflag.Flag) (all []input) {
	add := func(class string, fine bool, code int, values ...string) {
		for _, v := range values {
			all = append(all, input{class, v, []int{code}, fine})
		}
	}
	add("empty", false, usage.ExitUsage, "")
	switch kind := f.Value.Type(); kind {
	case "bool":
		add("wrong type", false, usage.ExitUsage, "maybe", "2", " ")
	case "int", "int64", "uint64", "float64", "intSlice":
		add("wrong type", false, usage.ExitUsage, "x", "1x", " ", "½", "10s", "\x1b[31m")
		add("zero", mayBeZero(f), usage.ExitUsage, "0")
		add("negative", false, usage.ExitUsage, "-1", "-9223372036854775808")
		add("huge", true, usage.ExitUsage, fmt.Sprint(int64(math.MaxInt64)))
		add("beyond 64 bits", false, usage.ExitUsage, strings.Repeat("9", 400))
	case "size":
		add("wrong type", false, usage.ExitUsage, "x", "1x", " ", "½", "10s", "\x1b[31m")
		add("zero", false, usage.ExitUsage, "0", "0MiB")
		add("negative", false, usage.ExitUsage, "-1", "-1GiB")
		add("beyond 64 bits", false, usage.ExitUsage, strings.Repeat("9", 400))
	case "duration":
		add("wrong type", false, usage.ExitUsage, "x", "10", "1m30", " ", "10 s", "\x1b[31m")
		add("zero", mayBeZero(f), usage.ExitUsage, "0s")
		add("negative", false, usage.ExitUsage, "-1s", "-2562047h")
		add("huge", true, usage.ExitUsage, "2562047h")
		add("beyond 64 bits", false, usage.ExitUsage, strings.Repeat("9", 30)+"h")
	case "string", "stringArray", "stringSlice":
		add("blank", false, usage.ExitUsage, " ", "\t")
		if slices.Contains(foldersAreWanted, f.Name) && !strings.Contains(f.Usage, "JSON") {
			add("no folder", false, usage.ExitFailed, "file", "file/below")
			break
		}
		word := slices.Contains(anyWordIsFine, f.Name)
		if slices.Contains(filesAreWanted, f.Name) {
			for _, class := range []string{"nowhere", "folder", "garbage", "file/below"} {
				all = append(all, input{class, class, []int{usage.ExitFailed, usage.ExitUsage}, false})
			}
			break
		}
		add("unknown", word, usage.ExitUsage, "nonsense!", "-", ",")
		add("odd", word, usage.ExitUsage, "\x1b[31m", "a\nb", "\xff\xfe", strings.Repeat("long", 5000), "☃")
	default:
		panic("say here what wrong values of a " + kind + " are")
	}
	return all
}

// Every command answers every wrong value of every flag in one line, with the right exit code, and
// does nothing.
func TestWrongInputs(t *testing.T) {
	known := commands(stage(t))
	all := visibleCommands()
	for _, path := range slices.Sorted(maps.Keys(all)) {
		c, ok := known[path]
		if !ok {
			t.Errorf("%s is not tried: say how, in commands", path)
			continue
		}
		plain := answerTo(slices.Concat(c.args, c.after)...)
		if plain.code != c.code || (plain.code == usage.ExitFailed || plain.code == usage.ExitUsage) && !plain.oneLine() {
			t.Errorf("%s: %+v", path, plain)
			continue
		}
		for _, f := range visibleFlags(all[path]) {
			for _, in := range inputs(f) {
				if in.fine && slices.Contains(c.args, "--"+f.Name) {
					continue // the command would begin what the other value ends
				}
				a := answerTo(slices.Concat(c.args, []string{"--" + f.Name + "=" + in.value}, c.after)...)
				taken := in.fine && (a.code == plain.code && a.stderr == plain.stderr || a.code == usage.ExitFailed && a.oneLine())
				if !taken && !(slices.Contains(in.codes, a.code) && a.oneLine()) {
					t.Errorf("%s --%s=%.60q (%s): %d\n%.600s%.600s", path, f.Name, in.value, in.class, a.code, a.stdout, a.stderr)
				}
			}
		}
	}
}

// Every command refuses arguments that it does not take.
func TestSurplusArguments(t *testing.T) {
	for path, cmd := range visibleCommands() {
		if cmd.Args != nil {
			continue // it checks its arguments
		}
		args := append(strings.Fields(path)[1:], strings.Fields("a b c d")...)
		if a := answerTo(args...); a.code != usage.ExitUsage || !a.oneLine() {
			t.Errorf("%s a b c d: exit code %d, %q: give the command Args, such as usage.NoArgs", path, a.code, a.stderr)
		}
	}
}

// The help of a flag can be understood without the flags above it.
func TestFlagTexts(t *testing.T) {
	alone := regexp.MustCompile("^[a-z`(][^\n]*[^.;:,\\s]$")
	leans := regexp.MustCompile(`^(and|or|but|its|it|them|they|these|those|the|with)\b`)
	for path, cmd := range visibleCommands() {
		for _, f := range visibleFlags(cmd) {
			if !alone.MatchString(f.Usage) && !strings.HasPrefix(f.Usage, "ZooKeeper") || leans.MatchString(f.Usage) {
				t.Errorf("%s --%s: %q", path, f.Name, f.Usage)
			}
		}
	}
}

// Commands with many flags have all of them in groups, each once.
func TestFlagGroups(t *testing.T) {
	for path, cmd := range visibleCommands() {
		groups := groupsOf[path]
		if n := len(visibleFlags(cmd)); groups == nil {
			if n > 14 {
				t.Errorf("%s has %d flags in no groups", path, n)
			}
			continue
		}
		in := map[string]int{}
		for _, g := range groups {
			for _, name := range g.flags {
				in[name]++
			}
		}
		for _, f := range visibleFlags(cmd) {
			if in[f.Name] != 1 {
				t.Errorf("%s --%s is in %d groups", path, f.Name, in[f.Name])
			}
		}
		help := answerTo(append(strings.Fields(path)[1:], "--help")...).stdout
		for _, g := range groups {
			if !strings.Contains(help, "\n"+g.name+":\n") {
				t.Errorf("%s --help has no %q", path, g.name)
			}
		}
	}
	for path := range groupsOf {
		if visibleCommands()[path] == nil {
			t.Errorf("there is no %s", path)
		}
	}
}

// The help shows bool flags as they are written, without values.
func TestBoolFlagsInHelp(t *testing.T) {
	for path, cmd := range visibleCommands() {
		if usage := flagUsages(cmd); strings.Contains(usage, "true|false") {
			t.Errorf("%s:\n%s", path, usage)
		}
	}
}
