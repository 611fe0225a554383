//go:build real

package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// flawed has an example of each flaw, and of each thing that only looks like a flaw.
const flawed = `<!doctype html><title>flawed</title>
<style>
body { background: #fff; color: #111 } .pale { color: #aaa } .large { color: #888; font-size: 30px }
.dark { background: #222; color: #eee } .hidden { display: none } .trap:focus { outline: none }
</style>
<p class="pale">too pale</p> <p class="large">large, and pale enough</p> <p class="dark">light on dark</p> <p class="pale hidden">hidden</p>
<div style="overflow: auto"><div style="width: 3000px">wide within a part</div></div>
<div id="wide" style="width: 2000px; height: 2px"></div>
<details><summary>more</summary><p class="pale" style="color: #999">pale inside</p></details>
<button class="trap">without a focus</button> <button aria-label="named"></button> <button id="nameless"></button>
<a href="/">reached</a> <input type="radio" name="r" checked aria-label="a"><input type="radio" name="r" aria-label="b">
<span tabindex="0" id="skipped" onfocus="this.blur()">lets no focus in</span>
<script>setTimeout(() => missing(), 0)</script><img src="%s/picture" alt="">`

// Each flaw is found, and nothing else.
func TestRealFlaws(t *testing.T) {
	foreign := httptest.NewServer(http.NotFoundHandler())
	defer foreign.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, flawed, foreign.URL)
	}))
	defer page.Close()
	p := Start(t).Open(page.URL+"/", View{Width: 420})
	flaws := append(p.Flaws(), p.Unreached()...)
	for _, flaw := range []string{
		"contrast 2.32 of rgb(170, 170, 170)", "contrast 2.85 of rgb(153, 153, 153)", "pixels wide in a window of 420: <div id=wide>", "it has no name: <button id=nameless>",
		"does not show the focus: <button class=trap>", "missing is not defined", "it asks for " + foreign.URL + "/picture", "does not reach <span id=skipped>",
	} {
		i := slices.IndexFunc(flaws, func(f string) bool { return strings.Contains(f, flaw) })
		if i < 0 {
			t.Errorf("not found: %s", flaw)
			continue
		}
		flaws = slices.Delete(flaws, i, i+1)
	}
	for _, flaw := range flaws {
		if !strings.Contains(flaw, "favicon") && !strings.Contains(flaw, "Failed to load resource") {
			t.Errorf("no flaw: %s", flaw)
		}
	}
}
