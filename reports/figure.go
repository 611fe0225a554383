package reports

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"image/png"
	"math"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/zklab/zklab/internal/base/inks"
)

// figure is a plot: a title, a legend, and panels above each other that share the x axis.
type figure struct {
	file   string // name without extension
	title  string
	note   string // a line under the title: what was left out, what means what
	alt    string // for those who cannot see it
	panels []panel
	xLabel string
	xTicks plot.Ticker
	xMin   float64
	xMax   float64
	legend []legendEntry
	bands  []band
	narrow bool // for few lines: larger text in less room
	bars   bool // windows are told apart by bars above the panels, and not by their colours
	rules  []rule
	asSVG  []byte // once it was drawn
}

// panel is one plot of a figure.
type panel struct {
	name   string
	yLabel string
	plot   *plot.Plot
	height vg.Length
	own    *xAxis // nil: the figure's
}

// xAxis is the x axis of one panel. Such a panel has room for texts beside it.
type xAxis struct {
	label    string
	ticks    plot.Ticker
	min, max float64
}

// nameHeight is that of a name above a panel.
const nameHeight = 18

// whole returns the height of a panel with what is above and below its data, but for the last axis.
func (f *figure) whole(i int) vg.Length {
	p := f.panels[i]
	h := p.height + panelGap
	if p.name != "" {
		h += nameHeight
	}
	if p.own != nil && i < len(f.panels)-1 {
		h += xAxisHeight
	}
	return h
}

// legendEntry is a colour and shape with its meaning.
type legendEntry struct {
	name   string
	colour color.NRGBA
	shape  legendShape
	mark   mark
	dashes []vg.Length // of a line
	hatch  hatch       // of a window
}

type legendShape int

const (
	asMark legendShape = iota
	asLine
	asPatch   // opaque
	asWindow  // as fault windows are shaded
	asOutline // a frame
)

// The sizes of figures, in points.
const (
	figureWidth  = 860
	narrowWidth  = 500
	margin       = 10
	titleSize    = 14
	noteSize     = 9
	legendHeight = 16
	yLabelWidth  = 18
	panelGap     = 8
	xAxisHeight  = 36
)

// pngDPI makes pictures sharp on high-resolution screens and in documents.
const pngDPI = 144

// size returns the size of the whole figure.
func (f *figure) size() (w, h vg.Length) {
	h = margin + titleSize + 8
	h += vg.Length(len(f.noteLines())) * (noteSize + 3)
	h += vg.Length(len(f.legendRows())) * legendHeight
	h += f.layOut().labelsHeight()
	for i := range f.panels {
		h += f.whole(i)
	}
	return f.width(), h + xAxisHeight + margin
}

func (f *figure) width() vg.Length {
	if f.narrow {
		return narrowWidth
	}
	return figureWidth
}

// draw draws the figure on a canvas of its size.
func (f *figure) draw(c draw.Canvas) {
	c.SetColor(white)
	c.Fill(c.Rectangle.Path())
	l := f.layOut()
	top := f.drawHead(draw.Crop(c, margin, -margin, margin, -margin))
	l.drawLabels(c, top)
	f.drawPanels(c, l, top-l.labelsHeight())
}

// drawHead draws the title, note and legend, and returns where they end.
func (f *figure) drawHead(c draw.Canvas) (bottom vg.Length) {
	y := c.Max.Y - titleSize
	c.FillText(textStyle(titleSize, black), vg.Point{X: c.Min.X, Y: y}, f.title)
	y -= 8
	for _, line := range f.noteLines() {
		y -= noteSize + 3
		c.FillText(textStyle(noteSize, grey), vg.Point{X: c.Min.X, Y: y + 3}, line)
	}
	return f.drawLegend(c, y)
}

// noteLines breaks the note to the figure's width.
func (f *figure) noteLines() []string {
	if f.note == "" {
		return nil
	}
	style := textStyle(noteSize, grey)
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(f.note) {
		if longer := strings.TrimSpace(line + " " + word); style.Width(longer) <= f.width()-2*margin {
			line = longer
			continue
		}
		lines = append(lines, line)
		line = word
	}
	return append(lines, line)
}

// drawPanels draws the panels from y downwards.
func (f *figure) drawPanels(c draw.Canvas, l layout, y vg.Length) {
	for i, p := range f.panels {
		area := c
		area.Max.Y = y
		if p.name != "" { // above the data, which it would hide
			area.Max.Y -= nameHeight
			c.FillText(textStyle(10, black), vg.Point{X: p.nameAt(l), Y: area.Max.Y + 5}, p.name)
		}
		area.Min.Y = area.Max.Y - p.height
		label, axis := f.xLabel, i == len(f.panels)-1
		if p.own != nil {
			label, axis = p.own.label, true
		}
		if axis {
			area.Min.Y -= xAxisHeight
		}
		f.prepare(i)
		// The data of all panels begin and end at the same x, however wide the
		// labels of their axes are.
		own := p.plot.DataCanvas(area)
		area.Min.X += l.left - own.Min.X
		area.Max.X += l.right - own.Max.X
		p.plot.Draw(area)
		data := p.plot.DataCanvas(area)
		drawYLabel(c, data, p.yLabel)
		if axis {
			drawXLabel(data, area.Min.Y, label)
		}
		y -= f.whole(i)
	}
}

// prepare gives a panel the shared x axis. Only the last panel shows its labels.
func (f *figure) prepare(i int) {
	p := f.panels[i]
	if own := p.own; own != nil {
		p.plot.X.Min, p.plot.X.Max, p.plot.X.Tick.Marker, p.plot.X.Label.Text = own.min, own.max, own.ticks, " "
		return
	}
	p.plot.X.Min, p.plot.X.Max = f.xMin, f.xMax
	p.plot.X.Tick.Marker = f.xTicks
	p.plot.X.Label.Text = " " // room for the label
	if i < len(f.panels)-1 {
		p.plot.X.Label.Text = ""
		p.plot.X.Tick.Marker = unlabelled{f.xTicks}
	}
}

// unlabelled are ticks without their labels.
type unlabelled struct{ plot.Ticker }

func (u unlabelled) Ticks(lo, hi float64) []plot.Tick {
	ticks := u.Ticker.Ticks(lo, hi)
	for i := range ticks {
		ticks[i].Label = ""
	}
	return ticks
}

// nameAt returns where the name of a panel begins: at the names of its rows, or where the data begin.
func (p panel) nameAt(l layout) vg.Length {
	if p.own != nil {
		return margin
	}
	return l.left
}

// drawXLabel writes the label of the x axis below its middle. The plot package would put it, and
// reserve room for it, elsewhere on a logarithmic axis. So it would for a y axis.
func drawXLabel(data draw.Canvas, bottom vg.Length, name string) {
	style := textStyle(10, black)
	style.XAlign = draw.XCenter
	data.FillText(style, vg.Point{X: (data.Min.X + data.Max.X) / 2, Y: bottom + 3}, name)
}

// drawYLabel writes the label of a y axis beside its middle.
func drawYLabel(c, data draw.Canvas, name string) {
	style := textStyle(10, black)
	style.Rotation = math.Pi / 2
	style.XAlign, style.YAlign = draw.XCenter, draw.YTop
	c.FillText(style, vg.Point{X: margin, Y: (data.Min.Y + data.Max.Y) / 2}, name)
}

// add adds the shading, and the grid lines over it and under the data.
func (f *figure) add(p *plot.Plot) {
	p.Add(shade{f.shading(), f.rules})
	g := plotter.NewGrid()
	g.Vertical.Color = nil
	g.Horizontal.Color = pale
	g.Horizontal.Width = vg.Points(0.5)
	p.Add(g)
}

// svg returns the figure as SVG for light and dark pages, without a font, which would be forty times
// as large as the rest. It draws once, for a page and a file.
func (f *figure) svg() []byte {
	if f.asSVG != nil {
		return f.asSVG
	}
	w, h := f.size()
	c := vgsvg.NewWith(vgsvg.UseWH(w, h))
	f.draw(draw.New(c))
	var buf bytes.Buffer
	_, _ = c.WriteTo(&buf) // a buffer does not fail
	// Arial and Helvetica have the same metrics.
	f.asSVG = inks.Dark(measured(bytes.ReplaceAll(buf.Bytes(),
		[]byte("font-family:Liberation Sans;"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))), heatInks...)
	return f.asSVG
}

// svgText matches a text of an SVG: the attributes before its style, the style with the font size,
// and the text.
var svgText = regexp.MustCompile(`<text ([^>]*?font-size:([0-9.]+)px[^>]*)>([^<]+)</text>`)

// measured gives each text its length. If none of the fonts is available, another font could make
// the text wider than its room, so that it would be cut off or cover the next one.
func measured(svg []byte) []byte {
	return svgText.ReplaceAllFunc(svg, func(text []byte) []byte {
		m := svgText.FindSubmatch(text)
		size, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return text
		}
		w := textStyle(size, black).Width(html.UnescapeString(string(m[3]))).Points()
		return fmt.Appendf(nil, `<text textLength="%.5g" lengthAdjust="spacingAndGlyphs" %s>%s</text>`, w, m[1], m[3])
	})
}

func (f *figure) png(dpi int) ([]byte, error) {
	w, h := f.size()
	c := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi))
	f.draw(draw.New(c))
	var buf bytes.Buffer
	// The usual level takes several times as long, for files that are 4 % smaller.
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&buf, c.Image())
	return buf.Bytes(), err
}

// panelHeight shares the height of a figure among its panels.
func panelHeight(panels int) vg.Length {
	return vg.Length(max(110, min(220, 480/panels)))
}
