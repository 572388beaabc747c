"""In charge of the shop: Magento's tables and what Magento's own save would have done to them."""
