package pdf

import (
	_ "embed" // the fonts
	"fmt"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// The fonts lie in the program as they are: they take none of its memory, and need not be unpacked. See fonts/README.md.
var (
	//go:embed fonts/NotoSans-Regular.ttf
	regularFile []byte
	//go:embed fonts/NotoSans-Bold.ttf
	boldFile []byte
	//go:embed fonts/DroidSansFallbackFull.ttf
	chineseFile []byte
)

// face is one of the fonts.
type face uint8

const (
	regular face = iota
	bold
	chinese // and all else that the others have not; bold is drawn with a stroke
	none    // no font has it: a box
	faces   = int(none)
)

var files = [faces][]byte{regularFile, boldFile, chineseFile}

// tables are those of the fonts that say which characters they have, and how wide. Immutable.
var tables = sync.OnceValues(func() (all [faces]*sfnt.Font, err error) {
	for i, file := range files {
		if all[i], err = sfnt.Parse(file); err != nil {
			return all, fmt.Errorf("reading a font: %w", err)
		}
	}
	return all, nil
})

const (
	boxWidth = 0.6 // of a character that no font has, in sizes
	wide     = 0x2E80
)

// glyph is a character as a font has it; advance is how far it leads, in sizes.
type glyph struct {
	face    face
	advance float32
}

// metrics finds characters in the fonts. Not for concurrent use.
type metrics struct {
	fonts  [faces]*sfnt.Font
	buffer sfnt.Buffer
	known  [2]map[rune]glyph // as they are, and bold
}

func newMetrics() (*metrics, error) {
	fonts, err := tables()
	if err != nil {
		return nil, err
	}
	return &metrics{fonts: fonts, known: [2]map[rune]glyph{{}, {}}}, nil
}

// glyph finds a character.
func (m *metrics) glyph(r rune, isBold bool) glyph {
	known, first := m.known[0], regular
	if isBold {
		known, first = m.known[1], bold
	}
	g, ok := known[r]
	if !ok {
		g = m.find(r, first, chinese)
		known[r] = g
	}
	return g
}

func (m *metrics) find(r rune, among ...face) glyph {
	if r > 0xFFFF { // the writer knows no others
		return glyph{none, boxWidth}
	}
	for _, f := range among {
		at, err := m.fonts[f].GlyphIndex(&m.buffer, r)
		if err != nil || at == 0 {
			continue
		}
		units := m.fonts[f].UnitsPerEm()
		if advance, err := m.fonts[f].GlyphAdvance(&m.buffer, at, fixed.I(int(units)), font.HintingNone); err == nil {
			return glyph{f, float32(advance.Round()) / float32(units)}
		}
	}
	return glyph{none, boxWidth}
}

// shown is a character as it is set; false of those that are not: marks of direction, joiners, variants, what controls.
func shown(r rune) (rune, bool) {
	switch {
	case r == '\n':
		return r, true
	case r == '\t' || r == '\u00a0' || r == '\u3000' || unicode.Is(unicode.Zs, r):
		return ' ', true
	case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || r >= 0x1F3FB && r <= 0x1F3FF:
		return 0, false
	}
	return r, true
}
