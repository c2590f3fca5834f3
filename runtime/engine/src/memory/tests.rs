//! A reset memory equals its image, page by page, whatever a guest has done to it, in both ways of resetting.

use super::{Creator, Layer, Memories, MemoryImage, PAGE, ResetMode, StackPool, provide};
use std::sync::Arc;
use wasmtime::component::{Component, Instance, Linker};
use wasmtime::{Config, Engine, Store};

/// A component with two memories: one instance of a module that has both, as no Python service and many native ones do.
const TWO_MEMORIES: &str = r#"
(component
  (core module $m
    (memory $a 4 100)
    (memory $b 2 100)
    (func (export "poke-a") (param i32 i32) (i32.store8 $a (local.get 0) (local.get 1)))
    (func (export "poke-b") (param i32 i32) (i32.store8 $b (local.get 0) (local.get 1)))
    (func (export "peek-a") (param i32) (result i32) (i32.load8_u $a (local.get 0)))
    (func (export "fill-a") (param i32 i32) (memory.fill $a (i32.const 0) (local.get 0) (local.get 1)))
    (func (export "grow-a") (param i32) (result i32) (memory.grow $a (local.get 0))))
  (core instance $i (instantiate $m))
  (func (export "poke-a") (param "at" u32) (param "value" u32) (canon lift (core func $i "poke-a")))
  (func (export "poke-b") (param "at" u32) (param "value" u32) (canon lift (core func $i "poke-b")))
  (func (export "peek-a") (param "at" u32) (result u32) (canon lift (core func $i "peek-a")))
  (func (export "fill-a") (param "value" u32) (param "length" u32) (canon lift (core func $i "fill-a")))
  (func (export "grow-a") (param "pages" u32) (result u32) (canon lift (core func $i "grow-a"))))
"#;

struct Bench {
    engine: Engine,
    linker: Linker<()>,
    component: Component,
}

struct Live {
    store: Store<()>,
    guest: Instance,
    memories: Memories,
}

impl Bench {
    fn new(mode: ResetMode) -> Self {
        let mut config = Config::new();
        config
            .memory_init_cow(false)
            .memory_reservation(super::RESERVATION as u64)
            .memory_guard_size(super::GUARD as u64)
            .with_host_memory(Arc::new(Creator::new(mode).unwrap()))
            .with_host_stack(Arc::new(StackPool::default()));
        let engine = Engine::new(&config).unwrap();
        let component = Component::new(&engine, wat::parse_str(TWO_MEMORIES).unwrap()).unwrap();
        Self { linker: Linker::new(&engine), engine, component }
    }

    async fn start(&self, images: &[Arc<MemoryImage>]) -> Live {
        let mut store = Store::new(&self.engine, ());
        let instantiation = self.linker.instantiate_async(&mut store, &self.component);
        let (guest, memories) = provide(images.into(), instantiation).await;
        Live { guest: guest.unwrap(), store, memories }
    }
}

impl Live {
    async fn poke(&mut self, function: &str, at: u32, value: u32) -> wasmtime::Result<()> {
        let function = self.guest.get_typed_func::<(u32, u32), ()>(&mut self.store, function)?;
        function.call_async(&mut self.store, (at, value)).await
    }

    async fn grow(&mut self, pages: u32) -> u32 {
        let function = self.guest.get_typed_func::<(u32,), (u32,)>(&mut self.store, "grow-a").unwrap();
        function.call_async(&mut self.store, (pages,)).await.unwrap().0
    }

    async fn peek(&mut self, at: u32) -> wasmtime::Result<u32> {
        let function = self.guest.get_typed_func::<(u32,), (u32,)>(&mut self.store, "peek-a")?;
        Ok(function.call_async(&mut self.store, (at,)).await?.0)
    }

    fn bytes(&mut self) -> Vec<Vec<u8>> {
        self.memories.copy(&mut self.store)
    }
}

fn faults() -> u64 {
    super::faults::of_this_thread().unwrap().faults
}

fn both_modes() -> Vec<ResetMode> {
    let mut modes = vec![ResetMode::Discard];
    if ResetMode::detect() == ResetMode::Scan {
        modes.push(ResetMode::Scan);
    }
    modes
}

/// An image with a base layer and own pages, in scattered stretches, and one that has grown.
async fn image(bench: &Bench) -> Vec<Arc<MemoryImage>> {
    let base =
        Layer::new(6 * 65536, [(3, b"base".as_slice()), (5 * 65536, [7_u8; 9000].as_slice())]).unwrap();
    let base = Arc::new(MemoryImage::of_layer(Arc::new(base)).unwrap());
    let mut live = bench.start(&[base]).await;
    for at in [0, 1, 8 * 4096, 9 * 4096, 40 * 4096 + 17, 5 * 65536 + 1] {
        live.poke("poke-a", at, 0x55).await.unwrap();
    }
    live.poke("poke-b", 70_000, 9).await.unwrap();
    assert_eq!(live.grow(1).await, 6);
    live.poke("poke-a", 6 * 65536 + 5000, 0x66).await.unwrap();
    live.memories.capture(&mut live.store).unwrap()
}

#[tokio::test]
async fn an_image_is_the_memory_as_it_was() {
    for mode in both_modes() {
        let bench = Bench::new(mode);
        let images = image(&bench).await;
        assert_eq!(images[0].len(), 7 * 65536, "{mode:?}");
        let mut live = bench.start(&images).await;
        let bytes = live.bytes();
        assert_eq!(&bytes[0][..8], b"\x55\x55\0base\0", "{mode:?}");
        assert_eq!(bytes[0][40 * PAGE + 17], 0x55);
        assert_eq!(bytes[0][5 * 65536..5 * 65536 + 3], [7, 0x55, 7]);
        assert_eq!(bytes[0][6 * 65536 + 5000], 0x66);
        assert_eq!(bytes[1][70_000], 9);
        assert!(images[0].own_bytes() < 16 * PAGE, "only what differs is kept: {}", images[0].own_bytes());
    }
}

#[tokio::test]
async fn a_scribbled_memory_is_put_back_page_by_page() {
    for mode in both_modes() {
        let bench = Bench::new(mode);
        let images = image(&bench).await;
        let mut live = bench.start(&images).await;
        let pristine = live.bytes();
        // A generator of its own, so that a failure can be repeated.
        let mut seed = 0x9e37_79b9_u32;
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed
        };
        for round in 0..60 {
            for _ in 0..(next() % 80) {
                live.poke("poke-a", next() % (7 * 65536), next() & 255).await.unwrap();
                live.poke("poke-b", next() % (2 * 65536), next() & 255).await.unwrap();
            }
            if round % 7 == 0 {
                live.poke("fill-a", 0xEE, 7 * 65536).await.unwrap();
            }
            assert!(live.memories.reset(&mut live.store, true).unwrap().is_some());
            for (memory, (now, before)) in live.bytes().iter().zip(&pristine).enumerate() {
                for (page, (now, before)) in now.chunks(PAGE).zip(before.chunks(PAGE)).enumerate() {
                    assert!(now == before, "{mode:?} round {round}: memory {memory}, page {page}");
                }
            }
        }
    }
}

#[tokio::test]
async fn without_a_page_fault_the_pages_known_from_before_are_put_back() {
    let mode = ResetMode::detect();
    let bench = Bench::new(mode);
    let images = image(&bench).await;
    let mut live = bench.start(&images).await;
    let pristine = live.bytes();
    live.poke("poke-a", 100, 1).await.unwrap();
    live.memories.reset(&mut live.store, true).unwrap();
    for _ in 0..5 {
        let before = faults();
        live.poke("poke-a", 100, 1).await.unwrap();
        let faulted = before != faults();
        live.memories.reset(&mut live.store, faulted).unwrap();
        assert!(live.bytes() == pristine);
    }
}

#[tokio::test]
async fn a_first_write_to_a_page_is_a_fault_of_the_thread() {
    let bench = Bench::new(ResetMode::detect());
    let images = image(&bench).await;
    let mut live = bench.start(&images).await;
    live.poke("poke-a", 0, 1).await.unwrap();
    // Read first: the page is mapped, and the write that follows is the copy-on-write fault that must be seen.
    live.peek(3 * 4096).await.unwrap();
    let before = faults();
    live.poke("poke-a", 3 * 4096, 1).await.unwrap();
    assert!(faults() > before);
}

#[tokio::test]
async fn a_memory_that_has_grown_is_not_reset_in_place_but_its_slot_serves_the_next_instance() {
    for mode in both_modes() {
        let bench = Bench::new(mode);
        let images = image(&bench).await;
        let mut live = bench.start(&images).await;
        let pristine = live.bytes();
        assert_eq!(live.grow(3).await, 7);
        live.poke("poke-a", 8 * 65536, 1).await.unwrap();
        assert_eq!(live.memories.reset(&mut live.store, true).unwrap(), None);
        drop(live);
        let mut next = bench.start(&images).await;
        assert!(next.bytes() == pristine, "{mode:?}");
        assert_eq!(next.grow(1).await, 7);
        assert_eq!(next.peek(7 * 65536).await.unwrap(), 0);
        assert!(next.peek(8 * 65536).await.is_err(), "what had grown is out of bounds again");
    }
}

#[tokio::test]
async fn a_memory_is_out_of_bounds_behind_its_end() {
    let bench = Bench::new(ResetMode::detect());
    let mut live = bench.start(&[]).await;
    assert_eq!(live.peek(4 * 65536 - 1).await.unwrap(), 0);
    assert!(live.peek(4 * 65536).await.is_err());
    let mut live = bench.start(&[]).await;
    assert!(live.peek(u32::MAX).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_on_many_threads_do_not_see_each_other() {
    let bench = Arc::new(Bench::new(ResetMode::detect()));
    let images = image(&bench).await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..16_u32 {
        let (bench, images) = (Arc::clone(&bench), images.clone());
        tasks.spawn(async move {
            let mut live = bench.start(&images).await;
            for round in 0..50 {
                assert_eq!(live.peek(200).await.unwrap(), 0, "task {task} round {round}");
                live.poke("poke-a", 200, task + 1).await.unwrap();
                tokio::task::yield_now().await;
                assert_eq!(live.peek(200).await.unwrap(), task + 1);
                if round % 10 == 9 {
                    live = bench.start(&images).await;
                } else {
                    live.memories.reset(&mut live.store, true).unwrap();
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

#[test]
fn a_piece_behind_the_end_of_a_layer_is_refused() {
    assert!(Layer::new(PAGE, [(PAGE - 1, b"xy".as_slice())]).is_err());
    assert!(Layer::new(PAGE, [(usize::MAX, b"xy".as_slice())]).is_err());
}
