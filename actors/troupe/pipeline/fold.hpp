#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace troupe::pipeline {

/// `Acc merge(Acc, Item)`.
template <class F, class Acc, class Item>
concept folds_by_value =
    std::invocable<F&, Acc&&, Item&&> && std::convertible_to<std::invoke_result_t<F&, Acc&&, Item&&>, Acc>;
/// `void merge(Acc&, Item&&)`.
template <class F, class Acc, class Item>
concept folds_in_place = std::invocable<F&, Acc&, Item&&>;

template <class F, class Acc, class Item>
concept folds = folds_by_value<F, Acc, Item> || folds_in_place<F, Acc, Item>;

template <class F, class Acc, class Item>
void fold_into(Acc& all, F& merge, Item&& one) {
  if constexpr (folds_by_value<F, Acc, Item>)
    all = merge(std::move(all), std::move(one));
  else
    static_cast<void>(merge(all, std::move(one)));
}

}  // namespace troupe::pipeline
