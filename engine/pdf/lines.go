package pdf

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// letter is a character with its style; advance is in points.
type letter struct {
	r       rune
	advance float32
	face    face
	bold    bool
	italic  bool
}

// letters are the characters of a text at a size, and lines of them between line ends.
func (s *setting) letters(t Text, size float64) ([][]letter, error) {
	lines := [][]letter{nil}
	for _, span := range t {
		if s.text += len(span.Text); s.text > MaxText {
			return nil, tooLarge("print.text", MaxText)
		}
		for _, r := range norm.NFC.String(strings.ToValidUTF8(span.Text, "\uFFFD")) {
			r, ok := shown(r)
			if !ok {
				continue
			}
			if r == '\n' {
				lines = append(lines, nil)
				continue
			}
			g := s.metrics.glyph(r, span.Bold)
			last := len(lines) - 1
			lines[last] = append(lines[last], letter{r: r, advance: g.advance * float32(size), face: g.face, bold: span.Bold, italic: span.Italic})
		}
	}
	return lines, nil
}

// wrap cuts letters into lines of a width. A word that is longer than a line is cut anywhere.
func wrap(all []letter, width float64) [][]letter {
	if len(all) == 0 {
		return [][]letter{nil}
	}
	var lines [][]letter
	for len(all) > 0 {
		end := fits(all, width)
		line := all[:end]
		for len(line) > 0 && line[len(line)-1].r == ' ' {
			line = line[:len(line)-1]
		}
		lines = append(lines, line)
		all = all[end:]
		for len(lines) > 0 && len(all) > 0 && all[0].r == ' ' {
			all = all[1:]
		}
	}
	return lines
}

// fits is how many letters stand on the first line: at least one.
func fits(all []letter, width float64) int {
	sum, last := 0.0, 0
	for i, l := range all {
		if i > 0 && breaks(all[i-1].r, l.r) {
			last = i
		}
		if sum += float64(l.advance); sum > width+0.01 && l.r != ' ' {
			if last > 0 {
				return last
			}
			return max(i, 1)
		}
	}
	return len(all)
}

// Characters that begin, or end, no line.
const (
	neverFirst = "!),.:;?]}¢°·’”†‡›℃∶、。〃々〉》」』】〕〗〞︶︺︾﹀﹄﹚﹜﹞！＂％＇），．：；？］｀｜｝～…—％"
	neverLast  = "([{£¥‘“‹〈《「『【〔〖〝﹙﹛﹝＄（．［｛￡￥$€"
)

// breaks reports whether a line may end between two characters.
func breaks(before, after rune) bool {
	switch {
	case after == ' ':
		return false
	case before == ' ':
		return true
	case strings.ContainsRune(neverFirst, after) || strings.ContainsRune(neverLast, before):
		return false
	case unicode.Is(unicode.M, after):
		return false
	case before == '-' || before == '/':
		return unicode.IsLetter(after)
	}
	return before >= wide || after >= wide
}

func widthOf(line []letter) (sum float64) {
	for _, l := range line {
		sum += float64(l.advance)
	}
	return sum
}

// run is letters of one font and style, which are drawn at once.
type run struct {
	text   string
	x      float64 // from the beginning of the line
	size   float64
	face   face
	bold   bool
	italic bool
	count  int // of boxes, where face is none
}

// runs are the letters of a line by font and style.
func runs(line []letter, size float64) []run {
	var all []run
	var text []byte
	x, from := 0.0, 0.0
	for i, l := range line {
		text = utf8.AppendRune(text, l.r)
		x += float64(l.advance)
		if i+1 < len(line) {
			if next := line[i+1]; next.face == l.face && next.bold == l.bold && next.italic == l.italic {
				continue
			}
		}
		all = append(all, run{text: string(text), x: from, size: size, face: l.face, bold: l.bold, italic: l.italic, count: utf8.RuneCount(text)})
		text, from = text[:0], x
	}
	return all
}
