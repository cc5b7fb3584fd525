package workbook

import (
	"encoding/xml"
	"strconv"
	"strings"

	"formwork/engine/fault"
)

// format is what the format of a cell makes of its number.
type format struct{ date, clock, percent bool }

// readFormats reads the formats of cells, by the number that cells name.
func (b *Workbook) readFormats() ([]format, error) {
	if b.styles == "" || b.parts[b.styles] == nil {
		return nil, nil
	}
	own := map[int]format{}
	var formats []format
	of := false // cells, and not named styles
	err := b.each(b.styles, maxSmall, func(e xml.StartElement) error {
		id, _ := strconv.Atoi(attribute(e, "numFmtId"))
		switch e.Name.Local {
		case "numFmt":
			own[id] = formatOf(attribute(e, "formatCode"))
		case "cellXfs", "cellStyleXfs", "dxfs":
			of = e.Name.Local == "cellXfs"
		case "xf":
			if !of {
				return nil
			}
			if len(formats) >= maxFormats {
				return fault.New(fault.TooLarge, "import.workbook_too_large")
			}
			f, ok := own[id]
			if !ok {
				f = builtIn(id)
			}
			formats = append(formats, f)
		}
		return nil
	})
	return formats, err
}

// builtIn are the formats that no workbook spells out (ECMA-376, 18.8.30), with those of
// Chinese, Japanese and Korean.
func builtIn(id int) format {
	switch {
	case id == 9 || id == 10:
		return format{percent: true}
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id >= 57 && id <= 58:
		return format{date: true}
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id >= 45 && id <= 47, id == 55, id == 56:
		return format{clock: true}
	case id == 22:
		return format{date: true, clock: true}
	}
	return format{}
}

// formatOf reads a format as people write it: the part for positive numbers, without what is
// shown as it stands.
func formatOf(code string) format {
	var f format
	month := false
	code = strings.NewReplacer("AM/PM", "h", "am/pm", "h", "A/P", "h", "General", "").Replace(code)
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '\\', '_', '*':
			i++ // the next is shown, or how wide it is
		case '"':
			if end := strings.IndexByte(code[i+1:], '"'); end >= 0 {
				i += end + 1
			}
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return f
			}
			if within := strings.Trim(strings.ToLower(code[i+1:i+end]), "hms"); within == "" {
				f.clock = true // what has passed
			}
			i += end
		case ';':
			i = len(code)
		case 'y', 'Y', 'd', 'D':
			f.date = true
		case 'm', 'M':
			month = true
		case 'h', 'H', 's', 'S':
			f.clock = true
		case '%':
			f.percent = true
		}
	}
	f.date = f.date || month && !f.clock
	return f
}
