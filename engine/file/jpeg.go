package file

import (
	"bytes"
	"encoding/binary"
	"image"
	"iter"
)

// Markers of segments of a JPEG.
const (
	markerBaseline    = 0xc0
	markerExtended    = 0xc1
	markerProgressive = 0xc2
	markerScan        = 0xda
	markerEXIF        = 0xe1
)

// segments yields the segments at the beginning of a JPEG, up to the first scan: their
// marker and what they hold, cut where the header is.
func segments(header []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for at := 2; at+4 <= len(header) && header[at] == 0xff; {
			if header[at+1] == 0xff { // a filling byte
				at++
				continue
			}
			marker, length := header[at+1], int(binary.BigEndian.Uint16(header[at+2:]))
			end := at + 2 + max(length, 2)
			if !yield(marker, header[at+4:min(max(end, at+4), len(header))]) || marker == markerScan {
				return
			}
			at = end
		}
	}
}

// progressive reports whether a JPEG is one that is decoded as a whole.
func progressive(header []byte) bool {
	for marker := range segments(header) {
		switch marker {
		case markerProgressive:
			return true
		case markerBaseline, markerExtended, markerScan:
			return false
		}
	}
	return true // it was not seen: suppose the worse
}

// orientation is how a camera was held: 1, upright, to 8, as EXIF counts them.
func orientation(header []byte) int {
	for marker, data := range segments(header) {
		tiff, isEXIF := bytes.CutPrefix(data, []byte("Exif\x00\x00"))
		if marker == markerEXIF && isEXIF {
			return orientationTag(tiff)
		}
	}
	return 1
}

// orientationTag reads the tag of the orientation from the first directory of a TIFF.
func orientationTag(tiff []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(tiff, []byte("II")) {
		order = binary.LittleEndian
	}
	if len(tiff) < 8 {
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	const entry, tag = 12, 0x0112
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entry {
			break
		}
		if value := int(order.Uint16(entries[8:])); order.Uint16(entries) == tag && value >= 1 && value <= 8 {
			return value
		}
		entries = entries[entry:]
	}
	return 1
}

// upright turns a picture as its orientation says.
func upright(m *image.NRGBA, orientation int) *image.NRGBA {
	if orientation == 1 {
		return m
	}
	right, bottom := m.Rect.Dx()-1, m.Rect.Dy()-1
	from := [...]func(x, y int) (int, int){
		2: func(x, y int) (int, int) { return right - x, y },
		3: func(x, y int) (int, int) { return right - x, bottom - y },
		4: func(x, y int) (int, int) { return x, bottom - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, bottom - x },
		7: func(x, y int) (int, int) { return right - y, bottom - x },
		8: func(x, y int) (int, int) { return right - y, x },
	}[orientation]
	turned := image.NewNRGBA(m.Rect)
	if lies(orientation) {
		turned = image.NewNRGBA(image.Rect(0, 0, m.Rect.Dy(), m.Rect.Dx()))
	}
	for y := range turned.Rect.Dy() {
		for x := range turned.Rect.Dx() {
			turned.SetNRGBA(x, y, m.NRGBAAt(from(x, y)))
		}
	}
	return turned
}

// lies holds of orientations in which width and height are exchanged.
func lies(orientation int) bool { return orientation >= 5 }
