package figure

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"
	"regexp"
	"strconv"
	"strings"

	"git.sr.ht/~sbinet/gg"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/zklab/zklab/internal/base/inks"
	"github.com/zklab/zklab/reports/internal/looks"
)

// Figure is a plot: a title, a legend, and panels above each other that share the x axis.
type Figure struct {
	File   string // name without extension
	Title  string
	Note   string // a line under the title: what was left out, and how to read the plot
	Alt    string // for those who cannot see it
	Panels []Panel
	XLabel string
	XTicks plot.Ticker
	XMin   float64
	XMax   float64
	Legend []LegendEntry
	Bands  []Band
	Narrow bool // for few lines: larger text in less room
	Bars   bool // windows are told apart by bars above the panels, and not by their colours
	Rules  []Rule
	asSVG  []byte // once it was drawn
}

// Panel is one plot of a figure.
type Panel struct {
	Name   string
	YLabel string
	Plot   *plot.Plot
	Height vg.Length
	Own    *xAxis // nil: the figure's
}

// xAxis is the x axis of one panel. Such a panel has room for texts beside it.
type xAxis struct {
	label    string
	ticks    plot.Ticker
	Min, Max float64
}

// nameHeight is the height of a name above a panel.
const nameHeight = 18

// whole returns the height of a panel with everything above and below its data, except the last axis.
func (f *Figure) whole(i int) vg.Length {
	p := f.Panels[i]
	h := p.Height + panelGap
	if p.Name != "" {
		h += nameHeight
	}
	if p.Own != nil && i < len(f.Panels)-1 {
		h += xAxisHeight
	}
	return h
}

// LegendEntry is a colour and shape with its meaning.
type LegendEntry struct {
	Name   string
	Colour color.NRGBA
	Shape  legendShape
	Mark   Mark
	Dashes []vg.Length // of a line
	hatch  looks.Hatch // of a window
}

type legendShape int

const (
	asMark legendShape = iota
	AsLine
	AsPatch   // opaque
	asWindow  // as fault windows are shaded
	AsOutline // a frame
)

// The sizes of figures, in points.
const (
	FigureWidth  = 860
	NarrowWidth  = 500
	Margin       = 10
	titleSize    = 14
	noteSize     = 9
	legendHeight = 16
	yLabelWidth  = 18
	panelGap     = 8
	xAxisHeight  = 36
)

// PNGDPI is the resolution of pictures, in dots per inch. They are sharp on high-resolution screens and in documents.
// Only reports.Coarse changes it.
var PNGDPI = 144

// size returns the size of the whole figure.
func (f *Figure) size() (w, h vg.Length) {
	h = Margin + titleSize + 8
	h += vg.Length(len(f.noteLines())) * (noteSize + 3)
	h += vg.Length(len(f.legendRows())) * legendHeight
	h += f.layOut().labelsHeight()
	for i := range f.Panels {
		h += f.whole(i)
	}
	return f.width(), h + xAxisHeight + Margin
}

func (f *Figure) width() vg.Length {
	if f.Narrow {
		return NarrowWidth
	}
	return FigureWidth
}

// draw draws the figure on a canvas of its size.
func (f *Figure) draw(c draw.Canvas) {
	c.SetColor(looks.White)
	c.Fill(c.Rectangle.Path())
	l := f.layOut()
	top := f.drawHead(draw.Crop(c, Margin, -Margin, Margin, -Margin))
	l.drawLabels(c, top)
	f.drawPanels(c, l, top-l.labelsHeight())
}

// drawHead draws the title, note and legend, and returns where they end.
func (f *Figure) drawHead(c draw.Canvas) (bottom vg.Length) {
	y := c.Max.Y - titleSize
	c.FillText(textStyle(titleSize, looks.Black), vg.Point{X: c.Min.X, Y: y}, f.Title)
	y -= 8
	for _, line := range f.noteLines() {
		y -= noteSize + 3
		c.FillText(textStyle(noteSize, looks.Grey), vg.Point{X: c.Min.X, Y: y + 3}, line)
	}
	return f.drawLegend(c, y)
}

// noteLines breaks the note to the figure's width.
func (f *Figure) noteLines() []string {
	if f.Note == "" {
		return nil
	}
	style := textStyle(noteSize, looks.Grey)
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(f.Note) {
		if longer := strings.TrimSpace(line + " " + word); style.Width(longer) <= f.width()-2*Margin {
			line = longer
			continue
		}
		lines = append(lines, line)
		line = word
	}
	return append(lines, line)
}

// drawPanels draws the panels from y downwards.
func (f *Figure) drawPanels(c draw.Canvas, l layout, y vg.Length) {
	for i, p := range f.Panels {
		area := c
		area.Max.Y = y
		if p.Name != "" { // above the data, which it would hide
			area.Max.Y -= nameHeight
			c.FillText(textStyle(10, looks.Black), vg.Point{X: p.nameAt(l), Y: area.Max.Y + 5}, p.Name)
		}
		area.Min.Y = area.Max.Y - p.Height
		label, axis := f.XLabel, i == len(f.Panels)-1
		if p.Own != nil {
			label, axis = p.Own.label, true
		}
		if axis {
			area.Min.Y -= xAxisHeight
		}
		f.prepare(i)
		// The data of all panels begin and end at the same x, however wide the
		// labels of their axes are.
		own := p.Plot.DataCanvas(area)
		area.Min.X += l.left - own.Min.X
		area.Max.X += l.right - own.Max.X
		p.Plot.Draw(area)
		data := p.Plot.DataCanvas(area)
		drawYLabel(c, data, p.YLabel)
		if axis {
			drawXLabel(data, area.Min.Y, label)
		}
		y -= f.whole(i)
	}
}

// prepare gives a panel the shared x axis. Only the last panel shows its labels.
func (f *Figure) prepare(i int) {
	p := f.Panels[i]
	if own := p.Own; own != nil {
		p.Plot.X.Min, p.Plot.X.Max, p.Plot.X.Tick.Marker, p.Plot.X.Label.Text = own.Min, own.Max, own.ticks, " "
		return
	}
	p.Plot.X.Min, p.Plot.X.Max = f.XMin, f.XMax
	p.Plot.X.Tick.Marker = f.XTicks
	p.Plot.X.Label.Text = " " // room for the label
	if i < len(f.Panels)-1 {
		p.Plot.X.Label.Text = ""
		p.Plot.X.Tick.Marker = unlabelled{f.XTicks}
	}
}

// unlabelled are ticks without their labels.
type unlabelled struct{ plot.Ticker }

// Ticks implements plot.Ticker.
func (u unlabelled) Ticks(lo, hi float64) []plot.Tick {
	ticks := u.Ticker.Ticks(lo, hi)
	for i := range ticks {
		ticks[i].Label = ""
	}
	return ticks
}

// nameAt returns where the name of a panel begins: at the names of its rows, or where the data begin.
func (p Panel) nameAt(l layout) vg.Length {
	if p.Own != nil {
		return Margin
	}
	return l.left
}

// drawXLabel writes the label of the x axis below its middle. On a logarithmic axis, the plot
// package would put it, and reserve room for it, elsewhere. The same is true of a y axis.
func drawXLabel(data draw.Canvas, bottom vg.Length, name string) {
	style := textStyle(10, looks.Black)
	style.XAlign = draw.XCenter
	data.FillText(style, vg.Point{X: (data.Min.X + data.Max.X) / 2, Y: bottom + 3}, name)
}

// drawYLabel writes the label of a y axis beside its middle.
func drawYLabel(c, data draw.Canvas, name string) {
	style := textStyle(10, looks.Black)
	style.Rotation = math.Pi / 2
	style.XAlign, style.YAlign = draw.XCenter, draw.YTop
	c.FillText(style, vg.Point{X: Margin, Y: (data.Min.Y + data.Max.Y) / 2}, name)
}

// AddShading adds the shading of the fault windows, and the rules.
func (f *Figure) AddShading(p *plot.Plot) { p.Add(shade{f.shading(), f.Rules}) }

// Add adds the shading, and the grid lines over it and under the data.
func (f *Figure) Add(p *plot.Plot) {
	f.AddShading(p)
	g := plotter.NewGrid()
	g.Vertical.Color = nil
	g.Horizontal.Color = looks.Pale
	g.Horizontal.Width = vg.Points(0.5)
	p.Add(g)
}

// SVG returns the figure as SVG for light and dark pages, without a font, which would be forty
// times as large as the rest. It draws the figure only once, even if both a page and a file need
// it.
func (f *Figure) SVG() []byte {
	if f.asSVG != nil {
		return f.asSVG
	}
	w, h := f.size()
	c := vgsvg.NewWith(vgsvg.UseWH(w, h))
	f.draw(draw.New(c))
	var buf bytes.Buffer
	_, _ = c.WriteTo(&buf) // a buffer does not fail
	// Arial and Helvetica have the same metrics.
	f.asSVG = inks.Dark(withLengths(bytes.ReplaceAll(buf.Bytes(),
		[]byte("font-family:Liberation Sans;"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))), heatInks...)
	return f.asSVG
}

// svgText matches a text of an SVG: the attributes before its style, the style with the font size,
// and the text.
var svgText = regexp.MustCompile(`<text ([^>]*?font-size:([0-9.]+)px[^>]*)>([^<]+)</text>`)

// withLengths adds to each text its length. Without it, where none of the fonts is available, another
// font could make the text wider than its room, so that it would be cut off or cover the next one.
func withLengths(svg []byte) []byte {
	return svgText.ReplaceAllFunc(svg, func(text []byte) []byte {
		m := svgText.FindSubmatch(text)
		size, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return text
		}
		w := textStyle(size, looks.Black).Width(html.UnescapeString(string(m[3]))).Points()
		return fmt.Appendf(nil, `<text textLength="%.5g" lengthAdjust="spacingAndGlyphs" %s>%s</text>`, w, m[1], m[3])
	})
}

// PNG returns the figure as a picture for light pages, with dpi dots per inch.
func (f *Figure) PNG(dpi int) ([]byte, error) {
	w, h := f.size()
	img := image.NewRGBA(image.Rect(0, 0, dots(w, dpi), dots(h, dpi)))
	ctx := gg.NewContextForRGBA(img) // vgimg's own context would draw on a copy, and millions of dots take long
	ctx.SetLineCapButt()
	ctx.InvertY()
	f.draw(draw.New(vgimg.NewWith(vgimg.UseImageWithContext(img, ctx), vgimg.UseDPI(dpi))))
	var buf bytes.Buffer
	// The usual level takes several times as long, for files that are 4 % smaller.
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&buf, img)
	return buf.Bytes(), err
}

func dots(l vg.Length, dpi int) int { return int(math.Round(l.Dots(float64(dpi)))) }

// PanelHeight shares the height of a figure among its panels.
func PanelHeight(panels int) vg.Length {
	return vg.Length(max(110, min(220, 480/panels)))
}
