package pdf

import (
	"context"
	"strconv"
	"strings"
)

// piece is a part of a page that is not divided: what is drawn, from its left upper corner.
type piece struct {
	height float64
	marks  []mark
	before float64 // space above, but at the top of a page
	after  float64 // space below, which may be cut off by the end of a page
	keeps  bool    // stays on the page of what follows
	breaks bool    // begins a new page and is nothing else
}

// mark is something that is drawn.
type mark interface {
	// draw draws it, with the corner of its piece at x and y.
	draw(p *painter, x, y float64)
}

// placed is a mark on a page.
type placed struct {
	mark
	x, y float64
}

// setting is a document being set. The body stands between the edges of pages.
type setting struct {
	ctx     context.Context
	doc     *Document
	metrics *metrics
	pages   [][]placed
	y       float64
	waiting []piece // that stay on the page of what follows
	text    int     // bytes so far
	rows    int
	marks   int
}

func newSetting(ctx context.Context, d *Document) (*setting, error) {
	m, err := newMetrics()
	if err != nil {
		return nil, err
	}
	s := &setting{ctx: ctx, doc: d, metrics: m}
	return s, s.turn()
}

func (s *setting) width() float64  { return s.doc.Width - 2*s.doc.Margin }
func (s *setting) bottom() float64 { return s.doc.Height - s.doc.Margin }
func (s *setting) height() float64 { return s.bottom() - s.doc.Margin }

// turn begins a page.
func (s *setting) turn() error {
	if len(s.pages) == MaxPages {
		return tooLarge("print.pages", MaxPages)
	}
	s.pages, s.y = append(s.pages, nil), s.doc.Margin
	return s.ctx.Err()
}

// add sets a block.
func (s *setting) add(b Block) error {
	if t, ok := b.(*Table); ok {
		return s.addTable(t)
	}
	pieces, err := b.pieces(s, s.width())
	if err != nil {
		return err
	}
	return s.place(pieces, nil)
}

// place puts pieces on pages, each of which begins with a head.
func (s *setting) place(pieces []piece, head *piece) error {
	for _, p := range pieces {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if p.breaks {
			if err := s.flush(nil); err != nil {
				return err
			}
			if err := s.turn(); err != nil {
				return err
			}
			continue
		}
		s.waiting = append(s.waiting, p)
		if p.keeps && len(s.waiting) < 8 {
			continue
		}
		if err := s.flush(head); err != nil {
			return err
		}
	}
	return nil
}

// flush puts the pieces that wait on the page, or on the next if this has no room for all of them.
func (s *setting) flush(head *piece) error {
	all := s.waiting
	s.waiting = nil
	need := 0.0
	for i, p := range all {
		need += p.before + p.height
		if i+1 < len(all) {
			need += p.after
		}
	}
	if s.y > s.doc.Margin && s.y+need > s.bottom()+0.01 {
		if err := s.turn(); err != nil {
			return err
		}
		if head != nil {
			if err := s.put(*head); err != nil {
				return err
			}
		}
	}
	for _, p := range all {
		if err := s.put(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *setting) put(p piece) error {
	if s.y > s.doc.Margin {
		s.y += p.before
	}
	last := len(s.pages) - 1
	if s.marks += len(p.marks); s.marks > maxMarks {
		return tooLarge("print.text", MaxText)
	}
	for _, m := range p.marks {
		s.pages[last] = append(s.pages[last], placed{m, s.doc.Margin, s.y})
	}
	s.y += p.height + p.after
	return nil
}

// edges sets what stands above and below the body of every page, once all are known.
func (s *setting) edges() error {
	if err := s.flush(nil); err != nil {
		return err
	}
	above, below := s.doc.Margin/2, s.doc.Height-s.doc.Margin/2-edgeSize
	for i := range s.pages {
		for _, edge := range []struct {
			Edge
			y float64
		}{{s.doc.Header, above}, {s.doc.Footer, below}} {
			for align, text := range []Text{Left: edge.Left, Center: edge.Center, Right: edge.Right} {
				if err := s.edge(i, text, Align(align), edge.y); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// edge sets a text on one line of a page; what the line has no room for is left out.
func (s *setting) edge(page int, t Text, align Align, y float64) error {
	if len(t) == 0 {
		return nil
	}
	numbers := strings.NewReplacer(PageNumber, strconv.Itoa(page+1), PageCount, strconv.Itoa(len(s.pages)))
	filled := make(Text, len(t))
	for i, span := range t {
		span.Text = strings.ReplaceAll(numbers.Replace(span.Text), "\n", " ")
		filled[i] = span
	}
	lines, err := s.letters(filled, edgeSize)
	if err != nil {
		return err
	}
	line := wrap(lines[0], s.width())[0]
	for _, m := range s.line(line, edgeSize, align, s.width()) {
		s.pages[page] = append(s.pages[page], placed{m, s.doc.Margin, y})
	}
	return nil
}

// line is a line as marks, whose upper left corner is that of the line.
func (s *setting) line(line []letter, size float64, align Align, width float64) []mark {
	x := 0.0
	switch align {
	case Center:
		x = (width - widthOf(line)) / 2
	case Right:
		x = width - widthOf(line)
	}
	var marks []mark
	for _, r := range runs(line, size) {
		if r.face != none && strings.Trim(r.text, " ") == "" {
			continue
		}
		r.x += x
		marks = append(marks, r)
	}
	return marks
}

// lines are the lines of a text as pieces.
func (s *setting) lines(t Text, size float64, align Align, width float64) ([]piece, error) {
	paragraphs, err := s.letters(t, size)
	if err != nil {
		return nil, err
	}
	var pieces []piece
	for _, letters := range paragraphs {
		for _, line := range wrap(letters, width) {
			if len(pieces)%256 == 0 && s.ctx.Err() != nil {
				return nil, s.ctx.Err()
			}
			pieces = append(pieces, piece{height: size * leading, marks: s.line(line, size, align, width)})
		}
		if len(pieces) > MaxPages*200 {
			return nil, tooLarge("print.pages", MaxPages)
		}
	}
	return pieces, nil
}
