// Package browser opens pages in headless Chromium, as their readers do, and reports what is wrong with
// them: errors of scripts, requests that leave the page's own server, text that is cut off or too pale,
// and controls that the keyboard does not reach. Only tests with the build tag "real" may import it.
package browser

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/programs"
)

// View is how a reader looks at a page.
type View struct {
	Width int64 // in pixels of the page
	Dark  bool  // whether the reader prefers dark pages
}

// Views are a phone and a wide window, each light and dark.
var Views = []View{{420, false}, {420, true}, {1400, false}, {1400, true}}

func (v View) String() string {
	if v.Dark {
		return fmt.Sprintf("%d dark", v.Width)
	}
	return fmt.Sprintf("%d light", v.Width)
}

// hang is the time after which a page, or the effect of a key, counts as stuck.
const hang = time.Minute

// Browser is a Chromium process with an empty profile.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Start starts Chromium, and ends it with the test. Where Chromium is missing, it skips or fails the test (see
// [programs.Require]).
func Start(t testing.TB) *Browser {
	t.Helper()
	programs.Require(t, programs.Chromium)
	path := must.Get(programs.ChromiumPath())(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { cancel(); stop() })
	must.Do(t, chromedp.Do(ctx))
	return &Browser{t, ctx}
}

// Page is an open page. Its methods end the test if the browser cannot do what they ask.
type Page struct {
	t      testing.TB
	ctx    context.Context
	cancel context.CancelFunc
	origin string

	mu    sync.Mutex
	heard []string // flaws that the browser reported by itself
}

// Open opens the page at an address in a tab of its own, and waits until it is loaded.
func (b *Browser) Open(address string, v View) *Page {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	p := &Page{t: b.t, ctx: ctx, cancel: cancel, origin: originOf(address)}
	dark := emulation.MediaFeature{Name: "prefers-color-scheme", Value: "light"}
	if v.Dark {
		dark.Value = "dark"
	}
	if err := chromedp.Do(ctx); err != nil { // the tab ends with the context that opens it
		b.t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(v.Width, 900))
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		b.t.Fatal(err)
	}
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, cdp.Empty{})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{&dark}})
	p.do(chromedp.Navigate(address))
	return p
}

// Close closes the tab. Tabs that are still open at the end of the test are closed then.
func (p *Page) Close() { p.cancel() }

// originOf returns the beginning of all addresses of a page's own server; for a file, the file's own address.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "file" {
		return address
	}
	return u.Scheme + "://" + u.Host + "/"
}

// hear records what the browser reports by itself.
func (p *Page) hear(event any) {
	var flaw string
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if to := e.Request.URL; !strings.HasPrefix(to, p.origin) && !strings.HasPrefix(to, "data:") && !strings.HasPrefix(to, "blob:") {
			flaw = "it asks for " + to
		}
	case *runtime.EventExceptionThrown:
		flaw = "script error: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			flaw += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			flaw = "the browser complains: " + e.Entry.Text
		}
	}
	if flaw != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.heard = append(p.heard, flaw)
	}
}

// call sends a command of the protocol.
func call[P, R any](p *Page, command cdp.Command[P, R], params P) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, hang)
	defer cancel()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		p.t.Fatal(err)
	}
}

func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, chromedp.Steps(steps...))
}

func run[T any](p *Page, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, hang)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// Eval returns the value of an expression in the page.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	return run(p, chromedp.Evaluate[T](expression))
}

// Until waits until an expression is true in the page, or in a page that the tab moves to meanwhile.
func (p *Page) Until(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, hang)
	defer cancel()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("%s is never true: %v", expression, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Press presses keys, one after the other: a letter as it is, others as package kb names them.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// Click clicks the element that a CSS selector finds.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// Screenshot returns the whole page as PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	return run(p, chromedp.FullScreenshot(100))
}

//go:embed flaws.js
var flawsScript string

// Flaws returns what is wrong with the page in its present state, after opening everything on it that
// can be opened.
func (p *Page) Flaws() []string {
	p.t.Helper()
	Eval[chromedp.Void](p, flawsScript)
	flaws := Eval[[]string](p, "zklabFlaws.seen()")
	p.mu.Lock()
	defer p.mu.Unlock()
	return append(flaws, p.heard...)
}

// Unreached presses Tab until the focus comes back to where it was, and returns the controls that were not
// reached, and the controls that do not show that they have the focus.
func (p *Page) Unreached() []string {
	p.t.Helper()
	Eval[chromedp.Void](p, flawsScript)
	controls := Eval[int](p, "zklabFlaws.controls()")
	for range 2*controls + 10 {
		p.Press(kb.Tab)
		if Eval[bool](p, "zklabFlaws.focused()") {
			break
		}
	}
	return Eval[[]string](p, "zklabFlaws.unreached()")
}
