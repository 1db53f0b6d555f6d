#pragma once

#include "troupe/pipeline/plan.hpp"
#include "troupe/pipeline/step.hpp"
#include "troupe/wire/type_identity.hpp"

#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe {

/// The beginning of a pipeline: a source and steps, to which more are added. Each call uses up the object it is called
/// on.
template <class Source, class Item, class... Fs>
class chain {
 public:
  chain(Source source, pipeline::graph shape, pipeline::carried_chain<Fs...> steps)
      : source_{std::move(source)}
      , shape_{std::move(shape)}
      , steps_{std::move(steps)} {}

  /// Adds a step: `f` takes the item of the part before it and returns one for the next; an empty `std::optional` drops
  /// the item. `f` is a function pointer, a lambda, or a functor. What passes between processes must be serializable.
  template <class F>
  [[nodiscard]] auto then(std::string name, F f, step_options<std::type_identity_t<F>> options) && {
    return std::move(*this).add(std::move(f), pipeline::step_info{.name = std::move(name),
                                                                  .width = options.width,
                                                                  .own_process = options.where.own_process(),
                                                                  .retries = options.retries,
                                                                  .window = options.window});
  }
  /// Adds a step that goes with the step before it, wherever that is; the first step is here. Give options, if only
  /// `{}`, to a step function that cannot travel.
  template <class F>
  [[nodiscard]] auto then(std::string name, F f) && {
    constexpr bool may_go_along = sizeof...(Fs) == 0 || pipeline::portable<F>;
    static_assert(
        may_go_along,
        "this step goes with the step before it, perhaps to another process, but its function cannot travel: a "
        "lambda must not capture, a functor must be default constructible and serializable; or give the step "
        "options that say where it is to be");
    pipeline::step_info with = shape_.steps.empty() ? pipeline::step_info{} : shape_.steps.back();
    with.name = std::move(name);
    return std::move(*this).add(std::move(f), std::move(with));
  }

  /// Ends the pipeline: all results are merged into `init`, in this process, one at a time.
  /// `merge` is a `void(Acc&, Item&&)` or an `Acc(Acc, Item)`.
  template <class Merge, class Acc>
  [[nodiscard]] auto fold(std::string name, Merge merge, Acc init) && {
    constexpr bool merges_the_items = pipeline::folds<Merge, Acc, Item>;
    static_assert(merges_the_items,
                  "this fold takes neither (Acc&, Item&&) nor (Acc, Item), returning Acc, for the type of "
                  "its initial value and the items that the last step yields");
    shape_.fold = std::move(name);
    shape_.result = wire::type_name<Acc>();
    if constexpr (merges_the_items)
      return plan<Source, Item, Acc, Merge, Fs...>{std::move(source_), std::move(shape_), std::move(steps_),
                                                   std::move(merge), std::move(init)};
    else
      return unfinished<Acc>{};
  }

 private:
  /// Stands for the rest of a pipeline after an error was reported, so that no second one follows. Never runs.
  template <class Acc>
  struct unfinished {
    template <class F>
    unfinished then(std::string, F) const {
      return {};
    }
    template <class F>
    unfinished then(std::string, F, step_options<std::type_identity_t<F>>) const {
      return {};
    }
    template <class Merge, class Value>
    unfinished<Value> fold(std::string, Merge, Value) const {
      return {};
    }
    std::string dot() const { return {}; }
    report<Acc> run(system&, const run_options& = {}) const {
      throw error{errc::invalid_argument, "this pipeline did not compile"};
    }
  };

  template <class F>
  auto add(F f, pipeline::step_info info) && {
    constexpr bool takes_the_item = pipeline::takes<F, Item>;
    static_assert(takes_the_item, "this step cannot take what the part of the pipeline before it yields");
    if constexpr (takes_the_item) {
      constexpr bool yields_something = !std::is_void_v<std::invoke_result_t<F&, Item&&>>;
      static_assert(yields_something, "this step returns nothing that could be passed on");
      if constexpr (yields_something)
        return std::move(*this).extend(std::move(f), std::move(info));
      else
        return unfinished<int>{};
    } else {
      return unfinished<int>{};
    }
  }

  template <class F>
  auto extend(F f, pipeline::step_info info) && {
    using next = pipeline::yielded<F, Item>;
    info.yields = wire::type_name<next>();
    shape_.steps.push_back(std::move(info));
    return chain<Source, next, Fs..., F>{
        std::move(source_), std::move(shape_),
        pipeline::carried_chain<Fs..., F>{
            std::tuple_cat(std::move(steps_.functions), std::tuple{pipeline::carried<F>{std::move(f)}})}};
  }

  Source source_;
  pipeline::graph shape_;
  pipeline::carried_chain<Fs...> steps_;
};

/// Begins a pipeline with the items of a range, which is copied or moved in, or referred to if it is an lvalue
/// container:
///
///     auto report = troupe::from("files", list_files(root))
///                     .then("parse", parse, {.width = 4, .where = troupe::place::own_process, .retries = 2})
///                     .then("count", count)  // fused with its neighbour: it was given no other place or width
///                     .fold("merge", merge, index{})
///                     .run(system, {.progress = true});
///
/// The range is pulled only as fast as the steps take its items; it may be endless, or wait for its items.
template <std::ranges::viewable_range Range>
[[nodiscard]] auto from(std::string name, Range&& range) {
  using source = std::views::all_t<Range>;
  using item = std::ranges::range_value_t<source>;
  return chain<source, item>{std::views::all(std::forward<Range>(range)),
                             pipeline::graph{.source = std::move(name), .source_yields = wire::type_name<item>()},
                             {}};
}

}  // namespace troupe
