package pdf

import (
	"bytes"
	"cmp"
	"image"
	_ "image/jpeg" // pictures
	_ "image/png"
)

func (b *Paragraph) pieces(s *setting, width float64) ([]piece, error) {
	size := cmp.Or(b.Size, usualSize)
	pieces, err := s.lines(b.Text, size, b.Align, width)
	if err != nil {
		return nil, err
	}
	if last := len(pieces) - 1; last >= 0 {
		pieces[0].before, pieces[last].after = b.Before, b.After
		for i := range pieces {
			pieces[i].keeps = b.Keeps
		}
		if len(pieces) > 2 { // no line stands alone at the end or the beginning of a page
			pieces[0].keeps, pieces[last-1].keeps = true, true
		}
	}
	return pieces, nil
}

// rule is a line across.
type rule struct{ x, y, width, weight float64 }

func (Line) pieces(_ *setting, width float64) ([]piece, error) {
	return []piece{{height: 8, marks: []mark{rule{0, 4, width, 0.5}}}}, nil
}

func (b Space) pieces(*setting, float64) ([]piece, error) {
	return []piece{{before: b.Height}}, nil
}

func (Break) pieces(*setting, float64) ([]piece, error) { return []piece{{breaks: true}}, nil }

// Bounds of a picture, which are looked at before anything of it is decoded.
const (
	maxPicture = 4 << 20 // bytes
	maxSide    = 4096    // pixels
	maxPixels  = 4 << 20
)

// pictured is a picture on a page.
type pictured struct {
	data             []byte
	kind             string
	x, width, height float64
}

func (b *Picture) pieces(s *setting, width float64) ([]piece, error) {
	c, kind, err := image.DecodeConfig(bytes.NewReader(b.Data))
	if err != nil || len(b.Data) > maxPicture || c.Width <= 0 || c.Height <= 0 || c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels {
		return nil, nil
	}
	p := pictured{data: b.Data, kind: kind, width: min(b.Width, width)}
	p.height = p.width * float64(c.Height) / float64(c.Width)
	if high := s.height() / 2; p.height > high {
		p.width, p.height = p.width*high/p.height, high
	}
	switch b.Align {
	case Center:
		p.x = (width - p.width) / 2
	case Right:
		p.x = width - p.width
	}
	return []piece{{height: p.height, marks: []mark{p}, after: 6}}, nil
}

// moved is a mark of a piece within another.
type moved struct {
	mark
	x, y float64
}

func (m moved) draw(p *painter, x, y float64) { m.mark.draw(p, x+m.x, y+m.y) }

// stack is a pile of pieces as one, up to a height; rest are those that it has no room for.
func stack(pieces []piece, height float64) (one piece, rest []piece) {
	for i, p := range pieces {
		before := p.before
		if i == 0 {
			before = 0
		}
		if i > 0 && one.height+before+p.height > height {
			return one, pieces[i:]
		}
		for _, m := range p.marks {
			one.marks = append(one.marks, moved{m, 0, one.height + before})
		}
		one.height += before + p.height + p.after
	}
	return one, nil
}

// beside puts piles of pieces side by side, as many one below the other as it takes; heights are those of pages.
func beside(piles [][]piece, at []float64, height float64) []piece {
	var all []piece
	for left := true; left; {
		left = false
		var row piece
		for i := range piles {
			var one piece
			if one, piles[i] = stack(piles[i], height); len(piles[i]) > 0 {
				left = true
			}
			for _, m := range one.marks {
				row.marks = append(row.marks, moved{m, at[i], 0})
			}
			row.height = max(row.height, one.height)
		}
		all = append(all, row)
	}
	return all
}

// gutter is between columns.
const gutter = 14.0

func (b *Columns) pieces(s *setting, width float64) ([]piece, error) {
	piles, at := make([][]piece, len(b.Bodies)), make([]float64, len(b.Bodies))
	x := 0.0
	for i, share := range shares(b.Shares, width-gutter*float64(len(b.Bodies)-1)) {
		at[i] = x
		for _, block := range b.Bodies[i] {
			pieces, err := block.pieces(s, share)
			if err != nil {
				return nil, err
			}
			piles[i] = append(piles[i], pieces...)
		}
		x += share + gutter
	}
	return beside(piles, at, s.height()), nil
}

// shares divides a width.
func shares(of []float64, width float64) []float64 {
	sum := 0.0
	for _, share := range of {
		sum += share
	}
	widths := make([]float64, len(of))
	for i, share := range of {
		widths[i] = width * share / sum
	}
	return widths
}

// Of tables.
const (
	tableSize = 9.0
	padding   = 4.0
)

// fill is a coloured area.
type fill struct{ width, height float64 }

// addTable sets a table; within columns it is as others are, without a head on each page.
func (s *setting) addTable(t *Table) error {
	head, rows, err := t.set(s, s.width())
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		head.keeps = true
	}
	if err := s.place([]piece{head}, nil); err != nil {
		return err
	}
	head.keeps, head.before = false, 0
	if err := s.place(rows[:min(1, len(rows))], nil); err != nil { // with the head that waits
		return err
	}
	if err := s.place(rows[min(1, len(rows)):], &head); err != nil {
		return err
	}
	return s.place([]piece{{before: padding}}, nil)
}

func (b *Table) pieces(s *setting, width float64) ([]piece, error) {
	head, rows, err := b.set(s, width)
	return append([]piece{head}, rows...), err
}

// set is the head and the rows of a table, of which long ones are divided.
func (b *Table) set(s *setting, width float64) (head piece, rows []piece, err error) {
	if s.rows += len(b.Rows); s.rows > MaxRows {
		return head, nil, tooLarge("print.rows", MaxRows)
	}
	of := make([]float64, len(b.Columns))
	labels := make([]Text, len(b.Columns))
	for i, c := range b.Columns {
		of[i], labels[i] = c.Share, c.Label
	}
	widths := shares(of, width)
	heads, err := b.row(s, labels, widths, true)
	if err != nil {
		return head, nil, err
	}
	head = heads[0]
	head.before = padding
	head.marks = append([]mark{fill{width, head.height}}, head.marks...)
	for _, row := range b.Rows {
		set, err := b.row(s, row, widths, false)
		if err != nil {
			return head, nil, err
		}
		rows = append(rows, underlined(set, width, 0.25)...)
	}
	if b.Total != nil {
		if len(rows) > 0 {
			rows[len(rows)-1].keeps = true
		}
		set, err := b.row(s, b.Total, widths, true)
		if err != nil {
			return head, nil, err
		}
		rows = append(rows, underlined(set, width, 1)...)
	}
	return head, rows, nil
}

// underlined puts a line below the last of some pieces.
func underlined(pieces []piece, width, weight float64) []piece {
	last := &pieces[len(pieces)-1]
	last.marks = append(last.marks, rule{0, last.height, width, weight})
	return pieces
}

// row is the cells of a row.
func (b *Table) row(s *setting, cells []Text, widths []float64, isBold bool) ([]piece, error) {
	piles, at := make([][]piece, len(widths)), make([]float64, len(widths))
	x := 0.0
	for i, width := range widths {
		at[i] = x + padding
		x += width
		text := cells[i]
		if isBold {
			text = emphasised(text)
		}
		var err error
		if piles[i], err = s.lines(text, tableSize, b.Columns[i].Align, max(width-2*padding, tableSize)); err != nil {
			return nil, err
		}
	}
	rows := beside(piles, at, s.height()-60)
	for i := range rows {
		for j, m := range rows[i].marks {
			rows[i].marks[j] = moved{m, 0, padding}
		}
		rows[i].height += 2 * padding
	}
	return rows, nil
}

// emphasised is a text in bold letters.
func emphasised(t Text) Text {
	bold := make(Text, len(t))
	for i, span := range t {
		span.Bold = true
		bold[i] = span
	}
	return bold
}
