//! Pictures that a camera reads: QR codes as PNG, black on white, large enough for a phone's screen.

use qrcode::{Color, QrCode};
use std::io;

/// Points of the picture for each module of the code.
const SCALE: usize = 10;
/// White modules around the code (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;

/// The picture of a text.
///
/// # Errors
/// It is too long for a code.
pub fn picture(text: &str) -> io::Result<Vec<u8>> {
    let code = QrCode::new(text).map_err(io::Error::other)?;
    let modules = code.width();
    let colors = code.to_colors();
    let side = (modules + 2 * QUIET) * SCALE;
    let is_dark = |x: usize, y: usize| {
        let module = |at: usize| (at / SCALE).checked_sub(QUIET).filter(|at| *at < modules);
        module(x).zip(module(y)).is_some_and(|(x, y)| colors[y * modules + x] == Color::Dark)
    };
    let points: Vec<u8> = (0..side * side).map(|at| if is_dark(at % side, at / side) { 0 } else { 255 }).collect();
    let mut bytes = Vec::new();
    let length = u32::try_from(side).map_err(io::Error::other)?;
    let mut encoder = png::Encoder::new(&mut bytes, length, length);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&points)).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_reads_the_text() {
        for text in ["https://t.me/baiying_bot?start=p_7K2A9XQ4", "百应", ""] {
            let decoder = png::Decoder::new(io::Cursor::new(picture(text).unwrap()));
            let mut reader = decoder.read_info().unwrap();
            let mut points = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut points).unwrap();
            let (width, height) = (info.width as usize, info.height as usize);
            let mut seen = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| points[y * width + x]);
            let grids = seen.detect_grids();
            assert_eq!(grids.len(), 1);
            assert_eq!(grids[0].decode().unwrap().1, text);
        }
        assert!(picture(&"x".repeat(5_000)).is_err());
    }
}
