//! What is read, and what is refused with what would be accepted.

use std::fs;
use std::path::{Path, PathBuf};

use overlaps_images::model::Training;
use overlaps_images::path::Path as Interpolant;
use overlaps_images::times::Times;
use overlaps_images::{Images, Proportion, Shape, drawn, write_npy, write_sheet};
use tempfile::TempDir;

fn written(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn idx(sizes: &[u32], body: &[u8]) -> Vec<u8> {
    let header = [0, 0, 8, sizes.len() as u8].into_iter();
    header.chain(sizes.iter().flat_map(|size| size.to_be_bytes())).chain(body.iter().copied()).collect()
}

fn npy(kind: &str, sizes: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), body].concat()
}

fn refused(data: &Path, labels: Option<&Path>, words: &[&str]) {
    let message = Images::load(data, labels).and_then(Images::of_several_classes).unwrap_err().to_string();
    for word in words {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
}

#[test]
fn idx_files_and_arrays_hold_the_same_images() {
    let folder = TempDir::new().unwrap();
    let body: Vec<u8> = (0..24).map(|i| i * 10).collect();
    let images = written(&folder, "some-images-idx3-ubyte", &idx(&[4, 2, 3], &body));
    written(&folder, "some-labels-idx1-ubyte", &idx(&[4], &[7, 3, 7, 3]));
    let read = Images::load(&images, None).unwrap();
    assert_eq!((read.count(), read.shape, read.counts()), (4, Shape::new(2, 3, 1), vec![2, 2]));
    assert_eq!((read.classes.join(" "), read.labels.clone()), ("3 7".into(), vec![1, 0, 1, 0]));
    assert_eq!((read.pixels[0], read.image(1)[0]), (-1.0, 60.0 / 127.5 - 1.0));
    let array = written(&folder, "x.npy", &npy("|u1", "4, 2, 3", &body));
    let labels: Vec<u8> = [7i64, 3, 7, 3].iter().flat_map(|x| x.to_le_bytes()).collect();
    let labels = written(&folder, "y.npy", &npy("<i8", "4,", &labels));
    assert_eq!(Images::load(&array, Some(&labels)).unwrap(), read);
    // What is written is read back as it was.
    let copy = folder.path().join("copy.npy");
    write_npy(&copy, &read).unwrap();
    assert_eq!(Images::load(&copy, Some(&labels)).unwrap(), read);
    // What a network makes goes beyond the range, and is cut off.
    let made = Images { pixels: read.pixels.iter().map(|x| 1.5 * x).collect(), ..read.clone() };
    write_npy(&copy, &made).unwrap();
    assert_eq!(Images::load_any(&copy, None).unwrap().pixels[0], -1.0);
}

#[test]
fn a_folder_has_a_folder_for_each_class_in_grey_or_colour() {
    let folder = TempDir::new().unwrap();
    for (colours, name) in [(1, "grey"), (3, "colour")] {
        let size = 12 * colours;
        let pixels: Vec<f32> = (0..size).map(|i| i as f32 / (size - 1) as f32 * 2.0 - 1.0).collect();
        let image = Images { shape: Shape::new(3, 4, colours), pixels, labels: vec![], classes: vec![] };
        for class in ["cat", "dog"] {
            let path = folder.path().join(name).join(class);
            fs::create_dir_all(&path).unwrap();
            write_sheet(&path.join("a.png"), &image, 1).unwrap();
        }
        let read = Images::load(&folder.path().join(name), None).unwrap();
        assert_eq!(
            (read.classes.join(" "), read.shape, read.labels.clone()),
            ("cat dog".into(), image.shape, vec![0, 1])
        );
        assert!(read.image(1).iter().zip(&image.pixels).all(|(x, y)| (x - y).abs() <= 1.0 / 255.0 + 1e-6));
    }
    let odd = Images { shape: Shape::new(2, 2, 3), pixels: vec![0.0; 12], labels: vec![], classes: vec![] };
    write_sheet(&folder.path().join("colour/dog/b.png"), &odd, 1).unwrap();
    refused(&folder.path().join("colour"), None, &["b.png", "2×2×3", "3×4×3", "same size"]);
    written(&folder, "grey/dog/b.png", b"no picture");
    refused(&folder.path().join("grey"), None, &["b.png", "cannot be read"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    refused(&folder.path().join("empty"), None, &["no PNGs", "for each class"]);
}

#[test]
fn what_is_no_data_set_is_refused() {
    let folder = TempDir::new().unwrap();
    refused(&folder.path().join("none"), None, &["cannot read", "none"]);
    let body = [5; 12];
    let whole = idx(&[3, 2, 2], &body);
    let images = written(&folder, "images-idx3", &whole);
    refused(&images, None, &["no classes", "--labels"]);
    let labels = written(&folder, "two", &idx(&[2], &[0, 1]));
    refused(&images, Some(&labels), &["2 labels do not match the 3 images"]);
    let labels =
        written(&folder, "half.npy", &npy("<f8", "3,", &[0.0, 1.5, 1.0].map(f64::to_le_bytes).concat()));
    refused(&images, Some(&labels), &["half.npy", "the label 1.5 of image 1 is no whole number"]);
    let labels = written(&folder, "one-class", &idx(&[3], &[4, 4, 4]));
    refused(&images, Some(&labels), &["class 4", "two classes or more"]);
    for (name, bytes, words) in [
        ("cut", &whole[..whole.len() - 1], &["truncated", "3×2×2 = 12", "11"][..]),
        ("header", &whole[..9], &["within its header"]),
        ("text", b"hello", &["no IDX file"]),
        ("huge", &idx(&[u32::MAX; 3], &[]), &["truncated"]),
        ("large", &idx(&[1, 65, 2], &[0; 130]), &["65×2", "1 to 64"]),
        ("five-colours", &idx(&[1, 2, 2, 5], &[0; 20]), &["5 colours"]),
        (
            "nan.npy",
            &npy("<f4", "1, 1, 2", &[0.5f32, f32::NAN].map(f32::to_le_bytes).concat()),
            &["image 0 has the pixel NaN (row 0, column 1", "[-1, 1]"],
        ),
        (
            "wide.npy",
            &npy("<f8", "1, 1, 2", &[0.5f64, 16.0].map(f64::to_le_bytes).concat()),
            &["16", "bytes (u1)"],
        ),
        ("short.npy", &npy("<f8", "2, 1, 2", &[0; 16]), &["32 bytes", "16"]),
        ("words.npy", &npy("<U4", "1, 1, 1", &[0; 4]), &["<U4", "u1"]),
        ("text.npy", &npy("<U1", "1, 1, 1", &[0; 4]), &["type <U1", "u1"]),
        ("half.npy", &npy("<f2", "1, 1, 1", &[0; 2]), &["type <f2"]),
        ("flat.npy", &npy("|u1", "4,", &[0; 4]), &["[4]", "(count, height, width)"]),
    ] {
        refused(&written(&folder, name, bytes), None, words);
    }
}

#[test]
fn proportions_take_as_many_images_as_there_can_be() {
    let images = drawn(59, 40, 4, 0);
    let of = |text: &str| images.in_proportion(&text.parse::<Proportion>().unwrap());
    assert_eq!(of("0=0.8,1=0.2").unwrap().counts(), [59, 14]);
    assert_eq!(of("1=0.8,0=0.2").unwrap().counts(), [10, 40]);
    assert_eq!(of("1=1").unwrap().classes, ["1"]);
    assert!(of("0=0.5,5=0.5").unwrap_err().to_string().contains("no class 5; classes are 0, 1"));
    for (text, word) in
        [("0=0.8", "sum to 0.8"), ("0", "CLASS=SHARE"), ("0=x,1=1", "`0=x`"), ("0=0.5,0=0.5", "twice")]
    {
        let message = text.parse::<Proportion>().unwrap_err();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn blocks_keep_noise_and_image_in_proportion() {
    let images = drawn(3, 3, 8, 0);
    let small = images.clone().shrunk(4).unwrap();
    assert_eq!((small.shape.height, small.shape.block), (4, 2));
    let mean = [0, 1, 8, 9].map(|pixel| images.image(2)[pixel]).iter().sum::<f32>() / 4.0;
    assert!((small.image(2)[0] - 2.0 * mean).abs() < 1e-6);
    assert!((small.plain().image(2)[0] - mean).abs() < 1e-6);
    let message = images.shrunk(3).unwrap_err().to_string();
    assert!(message.contains("--size 3") && message.contains("8×8"), "{message}");
}

#[test]
fn schedules_and_designs_that_are_not_possible_are_refused() {
    let folder = TempDir::new().unwrap();
    for (text, word) in [
        ("quantile,time\n0,0\n0.5,1.5\n1,2\n", "line 3 has the time 1.5"),
        (
            "quantile,time\n0,0\n0.5,0.5\n0.5,0.6\n1,1\n",
            "line 4 has the quantile 0.5 and the time 0.6 after 0.5 and 0.5",
        ),
        ("quantile,time\n0,0\n0.5,0.5\n", "from 0 to 1, and these from 0 to 0.5"),
        ("quantile,time\n", "no quantiles"),
        ("q,time\n0,0\n1,1\n", "no column `quantile`"),
        ("quantile,time\n0,zero\n1,1\n", "zero"),
    ] {
        let message = Times::load(&written(&folder, "s.csv", text.as_bytes())).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
    let training = |channels, levels| {
        let (path, times) = (Interpolant::Linear, Times::Uniform);
        Training {
            path,
            times,
            epochs: 1,
            batch: 4,
            rate: 1e-3,
            average: None,
            channels,
            levels,
            attention: false,
            seed: 0,
        }
    };
    let said =
        |channels, levels| training(channels, levels).network(Shape::new(8, 8, 1)).err().unwrap().to_string();
    assert!(said(12, 1).contains("multiple of 8") && said(8, 3).contains("use 1 to 2"));
}
